"""What a small team has recorded: searches, runs that go on, a project run from its repository, models and schedules."""

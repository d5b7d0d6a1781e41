"""The store in a relational database: store.py calls what the nouns need; every statement is here or below."""

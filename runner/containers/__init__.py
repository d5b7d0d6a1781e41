"""A container engine (Docker, or podman through DOCKER_HOST): what environments and executors both ask of it."""

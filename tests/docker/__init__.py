"""The images and the laboratory in containers; run by `make docker-test`, which builds them."""

"""Blueprint → rooms: the functions around the endpoint, from upload form to checked answer."""

"""One command each, and what the room detection's is made of; a table with a limit or a peer beside ours."""

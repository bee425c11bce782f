"""One command each; a table with a limit or a peer beside ours."""

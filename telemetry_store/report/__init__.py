"""What a database holds as one HTML file: for those without a server, to send, to print, to keep."""

"""A server with one tool. Argument: port."""

import sys

from mcp.server import MCPServer

server = MCPServer("foreign")


@server.tool()
def lookup(what: str) -> str:
    """Looks something up."""
    return f"found {what}"


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))

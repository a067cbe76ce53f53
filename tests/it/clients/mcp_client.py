"""Lists and calls a tenant's steps as tools. Arguments: URL and key of a tenant, URL and key of another."""

import asyncio
import sys

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

mine, my_key, theirs, their_key = sys.argv[1:5]


def client(url, key, mode):
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    return Client(streamable_http_client(url, http_client=http), mode=mode)


async def names(connected):
    found, cursor = [], None
    while True:
        page = await connected.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return {tool.name: tool for tool in found}


async def refused(call):
    try:
        await call
    except MCPError as error:
        return error
    raise AssertionError("it was answered")


async def use(mode):
    async with client(mine, my_key, mode) as connected:
        print(mode, connected.protocol_version, connected.server_info.name)
        tools = await names(connected)
        assert "counter__show_call" in tools and "mark_invoices_overdue" in tools, sorted(tools)
        assert tools["counter__everything"].input_schema["type"] == "object"
        done = await connected.call_tool("mark_invoices_overdue", {})
        assert not done.is_error and isinstance(done.structured_content, dict), done
        odd = await connected.call_tool("counter__everything", {"id": 7})
        assert odd.is_error, odd
        error = await refused(connected.call_tool("no_such_tool", {}))
        assert "no_such_tool" in str(error), error
    async with client(theirs, their_key, mode) as connected:
        tools = await names(connected)
        assert not any(name.startswith("counter") for name in tools), sorted(tools)
        error = await refused(connected.call_tool("counter__show_call", {}))
        assert "counter__show_call" in str(error), error


async def main():
    # Both lives of the protocol: with its handshake, and without.
    for mode in ["legacy", "auto"]:
        await use(mode)
    try:
        async with client(mine, their_key, "legacy") as connected:
            await connected.list_tools()
    except BaseException as error:
        print("another tenant's key:", type(error).__name__)
    else:
        raise AssertionError("another tenant's key was let in")
    print("all calls made")


asyncio.run(main())

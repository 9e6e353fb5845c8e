"""Stands for a forked command: lends it arguments, surroundings and streams, and ends as it ends. Standard library alone.

A signal to stop is passed on; when this process is killed, the kernel kills the command by the connection's end.
"""

import array
import json
import os
import signal
import socket
import sys


def main() -> None:
    """Arguments: the server's address, which is no file's, then the command's own."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect("\0" + sys.argv[1])
    here = os.getcwd()  # noqa: PTH109 - pathlib takes longer to import than all of this
    asked = json.dumps({"arguments": sys.argv[2:], "environment": dict(os.environ), "folder": here}).encode()
    streams = array.array("i", [0, 1, 2])
    connection.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    connection.sendall(asked)
    answers = connection.makefile("rb")
    child = int(answers.readline())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: os.kill(child, received))
    status = int(answers.readline())
    if os.WIFSIGNALED(status):
        fatal = os.WTERMSIG(status)
        if fatal != signal.SIGKILL:
            signal.signal(fatal, signal.SIG_DFL)
        os.kill(os.getpid(), fatal)
    os._exit(os.waitstatus_to_exitcode(status))


main()

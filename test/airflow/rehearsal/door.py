"""One port of this machine that leads into the rehearsal's network, for `make dev`.

The network namespace has no link to the machine's own. Outside, a socket of
this machine's loopback address passes every connection to a Unix socket in
the shared file system; inside, that one leads to the load balancer.
"""

from __future__ import annotations

import pathlib
import socket
import threading

NAME = "door.sock"


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def _join(client: socket.socket, connect) -> None:
    try:
        server = connect()
    except OSError:
        client.close()
        return
    threading.Thread(target=_pump, args=(client, server), daemon=True).start()
    threading.Thread(target=_pump, args=(server, client), daemon=True).start()


def _accept(listener: socket.socket, connect) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        _join(client, connect)


def outside(port: int, folder: pathlib.Path) -> socket.socket:
    """Listens on 127.0.0.1:port of this machine; close the result to stop."""
    path = str(folder / NAME)
    folder.mkdir(parents=True, exist_ok=True)

    def connect() -> socket.socket:
        inner = socket.socket(socket.AF_UNIX)
        inner.connect(path)
        return inner

    listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=_accept, args=(listener, connect), daemon=True).start()
    return listener


def inside(folder: pathlib.Path, address: str, port: int) -> None:
    """Listens on the Unix socket and passes connections to the load balancer."""
    path = folder / NAME
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(64)
    threading.Thread(target=_accept, args=(listener, lambda: socket.create_connection((address, port), timeout=10)), daemon=True).start()

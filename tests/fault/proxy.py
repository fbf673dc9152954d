"""A proxy on loopback that knows where the messages of RESP and of Kafka's protocol begin and end.

    proxy = Proxy(redis.port, "resp").start()
    proxy.latency = .2                      # seconds, before each piece that is passed on, either direction
    proxy.bandwidth = 20_000                # bytes a second and direction
    proxy.cut_after["in"] = 17              # end the connection after so many more bytes from clients ("out": to them)
    proxy.hook = lambda side, frame, pair: "cut" if is_command(frame, "EXEC") else None
    proxy.freeze(); proxy.thaw()            # half-open: nothing is read, written or closed
    proxy.counts["frames", "in"]

A hook is asked about each message and says what becomes of it: None (passed on), bytes (these instead), "cut" (the connection ends before it), "cut after" (it ends right after it: an answer is lost), or an Event (kept until then, and
passed on even if the other side has gone). One thread for each direction of each connection.
"""

import collections
import socket
import struct
import threading
import time

FETCH, HEARTBEAT = 1, 12


def is_command(frame, name):
    """Is it this command of RESP?"""
    return frame.upper().split(b"\r\n", 3)[2:3] == [name.encode()]


def api_key(frame):
    """Which request of Kafka's protocol it is."""
    return struct.unpack(">h", frame[4:6])[0]


class Reader:
    """Whole messages from a socket; with `protocol` None whatever comes."""

    def __init__(self, sock, protocol):
        self.socket, self.protocol, self.buffer = sock, protocol, b""

    def _more(self):
        piece = self.socket.recv(65536)
        self.buffer += piece
        return bool(piece)

    def _resp_end(self, at):
        """Where the RESP value at `at` ends, or None when it is not all there."""
        line = self.buffer.find(b"\r\n", at)
        if line < 0:
            return None
        kind, end = self.buffer[at:at + 1], line + 2
        if kind == b"$":
            length = int(self.buffer[at + 1:line])
            end += max(length, -2) + 2 if length >= 0 else 0
        elif kind == b"*":
            for _ in range(max(int(self.buffer[at + 1:line]), 0)):
                end = self._resp_end(end)
                if end is None:
                    return None
        return end if end <= len(self.buffer) else None

    def _end(self):
        if not self.buffer:
            return None
        if self.protocol == "resp":
            return self._resp_end(0)
        if self.protocol == "kafka":
            if len(self.buffer) < 4:
                return None
            end = 4 + struct.unpack(">I", self.buffer[:4])[0]
            return end if end <= len(self.buffer) else None
        return len(self.buffer)

    def next(self):
        """The next message; b"" at the end."""
        while (end := self._end()) is None:
            if not self._more():
                return b""
        frame, self.buffer = self.buffer[:end], self.buffer[end:]
        return frame


class Pair:
    """One connection of a client and ours to the server."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(("127.0.0.1", proxy.target))
        for sock in (self.client, self.server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for side, source, sink in (("in", self.client, self.server), ("out", self.server, self.client)):
            threading.Thread(target=self._pump, args=(side, source, sink), daemon=True).start()

    def close(self):
        """As often as anybody likes."""
        for sock in (self.client, self.server):
            for call in (lambda one=sock: one.shutdown(socket.SHUT_RDWR), sock.close):
                try:
                    call()
                except OSError:
                    pass

    def _send(self, side, sink, data):
        proxy = self.proxy
        left = proxy.cut_after[side]
        if left is not None:
            proxy.cut_after[side] = None if left <= len(data) else left - len(data)
        kept = data if left is None else data[:left]
        step = max(1, int(proxy.bandwidth * .02)) if proxy.bandwidth else max(len(kept), 1)
        for at in range(0, len(kept), step):
            proxy.running.wait()
            sink.sendall(kept[at:at + step])
            proxy.counts["bytes", side] += len(kept[at:at + step])
            if proxy.bandwidth:
                time.sleep(step / proxy.bandwidth)
        if left is not None and left <= len(data):
            raise ConnectionAbortedError

    def _pass(self, side, sink, frame):
        proxy = self.proxy
        proxy.running.wait()
        verdict = proxy.hook(side, frame, self) if proxy.hook else None
        if proxy.latency:
            time.sleep(proxy.latency)
        if isinstance(verdict, threading.Event):
            proxy.counts["kept"] += 1
            verdict.wait()
        elif verdict == "cut":
            raise ConnectionAbortedError
        proxy.counts["frames", side] += 1
        self._send(side, sink, verdict if isinstance(verdict, bytes) else frame)
        if verdict == "cut after":
            raise ConnectionAbortedError

    def _pump(self, side, source, sink):
        reader = Reader(source, self.proxy.protocol)
        try:
            while frame := reader.next():
                self._pass(side, sink, frame)
        except ConnectionAbortedError:
            self.proxy.counts["cuts"] += 1
        except (OSError, ValueError):
            pass
        self.close()


class Proxy:
    def __init__(self, target, protocol):
        self.target, self.protocol = target, protocol
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.running = threading.Event()
        self.running.set()
        self.pairs, self.counts = [], collections.Counter()
        self.heal()

    def heal(self):
        """No fault any more."""
        self.latency = self.bandwidth = 0
        self.hook = None
        self.cut_after = {"in": None, "out": None}
        self.refuse = False
        self.running.set()

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.counts["connections"] += 1
            try:
                if self.refuse:
                    raise OSError
                self.pairs.append(Pair(self, client))
            except OSError:
                client.close()

    def freeze(self):
        self.running.clear()

    def thaw(self):
        self.running.set()

    def cut_all(self):
        """End every connection that there is, twice."""
        for pair in self.pairs * 2:
            pair.close()
        self.pairs.clear()

    def close(self):
        self.heal()
        self.listener.close()
        self.cut_all()

    # What rig.make_conf asks of a server.

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

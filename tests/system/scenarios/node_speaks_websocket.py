"""Node's WebSocket library, both as client and as server, through Weir: over HTTP/1.1 and TLS, compressed and not, and
over HTTP/2 by Node's own client; with the judge of frames and without it."""

from stand.authority import Authority
from stand.processes import Child, tool
from stand.stand import Stand
from stand.waiting import STEP_SECONDS, same, until

CONFIGURATION = """
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - name: tls
    address: "127.0.0.1:0"
    tls: {{ certificates: [{{ certificate: {folder}/shop.pem, key: {folder}/shop.key }}] }}
routes:
  - {{ match: {{ path: /judged }}, upgrade: [websocket], filters: [websocket], proxy: "http://{server}" }}
  - {{ upgrade: [websocket], proxy: "http://{server}" }}
"""

SERVER = """
const { WebSocketServer } = require("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
server.on("listening", () => console.log(`port ${server.address().port}`));
server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
"""

# What it was asked for, echoed; then an orderly end. `h2` stands for a stream of Node's HTTP/2 client, which ws reads
# and writes as it does a socket.
CLIENT = """
const http2 = require("node:http2");
const WebSocket = require("ws");
const [url, deflate] = [new URL(process.argv[2]), process.argv[3] === "deflate"];
const said = ["", "h\\u00e9llo \\u20ac", "x".repeat(70000), Buffer.alloc(300000, 7)];

function compare(data, wanted) {
  if (!Buffer.from(data).equals(Buffer.from(wanted))) throw new Error(`an echo of ${wanted.length} differs`);
}

function overHttp1() {
  const socket = new WebSocket(url, { perMessageDeflate: deflate, rejectUnauthorized: true });
  let at = 0;
  socket.on("open", () => {
    if (deflate !== (socket.extensions === "permessage-deflate")) throw new Error(`extensions ${socket.extensions}`);
    socket.send(said[at]);
  });
  socket.on("message", (data) => {
    compare(data, said[at++]);
    at < said.length ? socket.send(said[at]) : socket.close(1000, "done");
  });
  socket.on("close", (code, reason) => console.log(`closed ${code} ${reason} after ${at}`));
}

function overHttp2() {
  const session = http2.connect(`http://${url.host}`);
  session.on("remoteSettings", (settings) => {
    if (!settings.enableConnectProtocol) throw new Error("no extended CONNECT is offered");
    const stream = session.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": url.pathname,
                                     "sec-websocket-version": "13" }, { endStream: false });
    const sender = new WebSocket.Sender(stream, {});
    const receiver = new WebSocket.Receiver({ isServer: false });
    const send = (data) => sender.send(data, { mask: true, fin: true, binary: typeof data !== "string" });
    let at = 0;
    stream.on("response", (head) => {
      if (head[":status"] !== 200) throw new Error(`status ${head[":status"]}`);
      send(said[at]);
    });
    receiver.on("message", (data) => {
      compare(data, said[at++]);
      at < said.length ? send(said[at]) : sender.close(1000, "done", true);
    });
    receiver.on("conclude", (code, reason) => {
      console.log(`closed ${code} ${reason} after ${at}`);
      stream.end();
      session.close();
    });
    stream.pipe(receiver);
  });
}

url.protocol === "h2:" ? overHttp2() : overHttp1();
"""
MODULES = {"NODE_PATH": "/usr/share/nodejs"}  # where Debian keeps them


def play(stand: Stand) -> None:
    authority = Authority(stand.directory / "tls")
    authority.issue("shop", "DNS:localhost")
    (stand.directory / "server.js").write_text(SERVER)
    (stand.directory / "client.js").write_text(CLIENT)
    server = Child([tool("node"), "server.js"], stand.directory, "server", MODULES)
    stand.ending.callback(server.kill)
    port = until(lambda: server.stdout().removeprefix("port ").strip(), "the server to listen", story=server.stderr)
    weir = stand.gateway(CONFIGURATION.format(folder=authority.directory, server=f"127.0.0.1:{port}"))
    over_tls = weir.address_of("tls")
    tls_port = over_tls.rpartition(":")[2]
    runs = [(f"{scheme}/{path}", how) for path in ("", "judged")
            for scheme, how in ((f"ws://{weir.address}", "deflate"), (f"ws://{weir.address}", "plain"),
                                (f"wss://localhost:{tls_port}", "deflate"), (f"h2://{weir.address}", "plain"))]
    for number, (url, how) in enumerate(runs):
        client = Child([tool("node"), "client.js", url, how], stand.directory, f"client{number}",
                       MODULES | {"NODE_EXTRA_CA_CERTS": str(authority.pem)})
        stand.ending.callback(client.kill)
        same(client.exit_code(STEP_SECONDS), 0, f"{url} {how}: {client.stderr()}")
        same(client.stdout().strip(), "closed 1000 done after 4", f"{url} {how}")
    until(lambda: weir.metric("weir_tunnels_open") == 0, "all tunnels to end")
    stand.note(f"{len(runs)} conversations of four messages")

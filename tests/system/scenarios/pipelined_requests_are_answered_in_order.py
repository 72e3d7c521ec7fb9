"""200 requests written at once, bodies and HEAD among them, are answered one by one in their order."""

from stand.origins import echo_path
from stand.stand import Stand
from stand.waiting import same

REQUESTS = 200


def play(stand: Stand) -> None:
    origin = stand.origin(echo_path)
    weir = stand.gateway(f"""
routes:
  - {{ match: {{ path: /own/* }}, respond: own }}
  - {{ proxy: "http://{origin.address}" }}
""")
    with weir.client() as client:
        client.send(b"".join(request(number) for number in range(REQUESTS)))
        for number in range(REQUESTS):
            response = client.response(to_head=number % 4 == 3)
            wanted = {0: f"/{number}", 1: f"/{number}", 2: "own", 3: ""}[number % 4]
            same((response.status, response.text()), (200, wanted), f"answer {number}")
        same(client.ask("/after").text(), "/after", "a request behind all of them")


def request(number: int) -> bytes:
    match number % 4:
        case 0:
            return f"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        case 1:
            return f"POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".encode()
        case 2:
            return f"GET /own/{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    return f"HEAD /{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode()

"""Debian's php-fpm behind the fastcgi service, on unix sockets and TCP: forms, uploads, big answers, traps, logs."""

import hashlib
import json
import os
import signal
import threading
import time

from stand.fastcgi import PhpFpm
from stand.gateway import Gateway
from stand.message import Client, Cut
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

UPLOAD_BYTES = 10 * MEBIBYTE
CONCURRENT = 100
CHUNKED = b"POST /raw.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

SCRIPTS = {
    "index.php": '<?php echo "front ", $_SERVER["REQUEST_URI"], " ", $_SERVER["SCRIPT_NAME"];',
    "blog/index.php": '<?php echo "blog";',
    "facts.php": '<?php header("Content-Type: application/json"); echo json_encode($_SERVER);',
    "form.php": '<?php ksort($_POST); echo json_encode($_POST), strlen(file_get_contents("php://input"));',
    "upload.php": '<?php echo $_FILES["file"]["size"], " ", sha1_file($_FILES["file"]["tmp_name"]);',
    "raw.php": '<?php $in = fopen("php://input", "rb"); $h = hash_init("sha1"); echo hash_update_stream($h, $in), " ", '
               'hash_final($h);',
    "big.php": '<?php for ($i = 0; $i < 10 * 1024; ++$i) echo str_repeat(chr(65 + $i % 26), 1024);',
    "slow.php": '<?php echo "first;"; flush(); while (!file_exists($_GET["go"])) { usleep(5000); clearstatcache(); } '
                'echo "second";',
    "log.php": '<?php error_log("a note\nof two lines"); error_log(str_repeat("x", 9000)); echo "logged";',
    "fails.php": '<?php echo "before"; flush(); nothing_of_this_name();',
    "dies.php": '<?php echo getmypid(), "\n"; flush(); while (true) usleep(1000);',
    "status.php": '<?php http_response_code(418); header("X-Tea: pot"); setcookie("a", "1"); setcookie("b", "2");',
    "redirect.php": '<?php header("Location: /elsewhere");',
}


def play(stand: Stand) -> None:
    for tcp in (False, True):
        php = stand.php_fpm(workers=4, tcp=tcp)
        for name, script in SCRIPTS.items():
            php.write(name, script)
        php.write("uploads/cat.jpg", '<?php echo "pwned";')
        weir = stand.gateway(f"""
upstreams:
  php:
    protocol: fastcgi
    endpoints: ["{php.endpoint}"]
    connections: {{ max: 4, idle_max: {4 if tcp else 0}, queue: 200 }}
    timeouts: {{ queue: 15s }}
routes:
  - match: {{ path: /plain/* }}
    filters: [{{ rewrite: {{ strip_prefix: /plain }} }}]
    fastcgi: {{ to: php, root: {php.root}, params: {{ APP_ENV: testing }} }}
  - fastcgi: {{ to: php, root: {php.root}, front_controller: /index.php }}
""")
        finds_scripts(weir)
        tells_the_application(weir)
        takes_content(weir)
        passes_answers(weir, php)
        tells_what_went_wrong(weir, php)
        serves_many(stand, weir)
    unreadable_root_is_said(stand)


def finds_scripts(weir: Gateway) -> None:
    same(weir.get("/").text(), "front / /index.php", "the index of the root")
    same(weir.get("/2026/hello?p=1").text(), "front /2026/hello?p=1 /index.php", "the front controller")
    same(weir.get("/blog/").text(), "blog", "the index of a folder")
    redirected = weir.get("/blog?x=1")
    same((redirected.status, redirected.fields["location"]), (308, "/blog/?x=1"), "a folder without its slash")
    same(weir.get("/uploads/cat.jpg/x.php").text(), "front /uploads/cat.jpg/x.php /index.php", "the fix_pathinfo trap")
    refused = weir.get("/plain/uploads/cat.jpg/x.php")
    same((refused.status, "not_found" in refused.text()), (404, True), "the trap without a front controller")
    same(weir.get("/plain/missing.php").status, 404, "a script that is not there")


def tells_the_application(weir: Gateway) -> None:
    facts = json.loads(weir.get("/plain/facts.php/some%20where?a=b", "Proxy: http://evil.test\r\nX_Real: 1\r\n"
                                "Cookie: c=d\r\nAuthorization: Basic dTpw\r\n").body)
    wanted = {"SCRIPT_NAME": "/facts.php", "PATH_INFO": "/some where", "QUERY_STRING": "a=b", "REQUEST_METHOD": "GET",
              "HTTP_HOST": "weir.test", "REMOTE_ADDR": "127.0.0.1", "HTTP_PROXY": None, "HTTP_X_REAL": None,
              "HTTP_COOKIE": "c=d", "APP_ENV": "testing", "PHP_AUTH_USER": "u", "HTTP_X_FORWARDED_FOR": "127.0.0.1",
              "HTTPS": None, "PHP_SELF": "/facts.php/some where"}
    same({name: facts.get(name) for name in wanted}, wanted, "what PHP is told")


def takes_content(weir: Gateway) -> None:
    with weir.client() as client:
        form = "Content-Type: application/x-www-form-urlencoded\r\n"
        same(client.ask("/form.php", "POST", form, b"b=2&a=1").text(), '{"a":"1","b":"2"}7', "a form")
        same(client.ask("/form.php", "POST").text(), "[]0", "an empty POST")
        content = os.urandom(UPLOAD_BYTES)
        wanted = f"{UPLOAD_BYTES} {hashlib.sha1(content).hexdigest()}"
        boundary = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
        multipart = "Content-Type: multipart/form-data; boundary=b\r\n"
        same(client.ask("/upload.php", "POST", multipart, boundary + content + b"\r\n--b--\r\n").text(), wanted,
             "an upload of 10 MiB")
        same(client.ask("/raw.php", "PUT", "", content).text(), wanted, "a PUT of 10 MiB")
    with weir.client() as client:  # content whose length is not said: a little is held, much is refused
        client.send(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        same(client.response().text(), f"5 {hashlib.sha1(b'abcde').hexdigest()}", "chunked content")
    with weir.client() as client:
        client.send(CHUNKED + b"10001\r\n" + b"x" * 0x10001)
        refused = client.response()
        same((refused.status, "length_required" in refused.text()), (411, True), "much content of unknown length")
    with weir.client() as client:
        client.send(b"POST /raw.php HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        same(client.read_head().status, 100, "the answer to an expectation")
        client.send(b"abc")
        same(client.response().text(), f"3 {hashlib.sha1(b'abc').hexdigest()}", "content after 100 Continue")


def passes_answers(weir: Gateway, php: PhpFpm) -> None:
    big = b"".join(bytes([65 + i % 26]) * 1024 for i in range(10 * 1024))
    with weir.client() as client:
        same(client.ask("/big.php").body == big, True, "an answer of 10 MiB arrives unchanged")
        same(client.ask("/big.php", "HEAD").body, b"", "HEAD has no content")
        tea = client.ask("/status.php")
        same((tea.status, tea.fields["x-tea"], tea.fields["set-cookie"]), (418, "pot", "a=1, b=2"), "status and fields")
        moved = client.ask("/redirect.php")
        same((moved.status, moved.fields["location"]), (302, "/elsewhere"), "Location")
        go = php.directory / "go"
        client.request(f"/slow.php?go={go}")
        pieces = client.body(client.read_head())
        same(next(pieces), b"first;", "what was flushed comes at once")
        go.touch()
        same(b"".join(pieces), b"second", "the rest")
        go.unlink()


def tells_what_went_wrong(weir: Gateway, php: PhpFpm) -> None:
    same(weir.get("/log.php").text(), "logged", "a script that logs")
    until(lambda: "PHP message: a note" in weir.stderr(), "the error log to have what PHP said", story=weir.stderr)
    line = next(each for each in weir.stderr().splitlines() if "PHP message: a note" in each)
    expect("php at" in line and "for GET /log.php" in line, f"who said it: {line}")
    expect(max(map(len, weir.stderr().splitlines())) < 3000, "long messages are cut")
    failed = weir.get("/fails.php")
    same((failed.status, failed.text()), (200, "before"), "a fatal error behind flushed output")
    until(lambda: "nothing_of_this_name" in weir.stderr(), "the fatal error in the log", story=weir.stderr)
    with weir.client() as client:
        client.request("/dies.php")
        pieces, cut = client.body(client.read_head()), False
        os.kill(int(next(pieces)), signal.SIGKILL)
        try:
            next(pieces)
        except Cut:
            cut = True
        same(cut, True, "an answer whose script was killed ends without its last chunk")
    until(lambda: weir.get("/blog/").text() == "blog", "php-fpm to have a worker again")


def serves_many(stand: Stand, weir: Gateway) -> None:
    wrong: list[str] = []
    began = time.monotonic()

    def ask(number: int) -> None:
        try:
            with Client(weir.address) as client:
                for turn in range(5):
                    text = client.ask(f"/many/{number}/{turn}").text()
                    if text != f"front /many/{number}/{turn} /index.php":
                        wrong.append(text)
        except Exception as error:
            wrong.append(f"{type(error).__name__} {error}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONCURRENT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(wrong[:3], [], f"{CONCURRENT} clients at once, four workers of php-fpm")
    stand.note(f"{5 * CONCURRENT} requests of {CONCURRENT} clients in {time.monotonic() - began:.2f} s")


def unreadable_root_is_said(stand: Stand) -> None:
    weir = stand.gateway('routes: [{ fastcgi: { to: "unix:/nowhere.sock", root: /nowhere } }]')
    same(weir.get("/a.php").status, 404, "a root that is not there")

"""examples/wordpress.yaml as it stands before php-fpm: files, scripts, front controller, a folder that runs nothing."""

import pathlib

from stand.stand import Stand
from stand.waiting import same

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "examples/wordpress.yaml"

SITE = {
    "index.php": '<?php echo "post ", $_SERVER["REQUEST_URI"];',
    "wp-login.php": '<?php echo "login ", $_SERVER["REQUEST_METHOD"], " ", $_POST["log"] ?? "-";',
    "wp-config.php": '<?php echo "secret";',
    "wp-admin/index.php": '<?php echo "admin";',
    "wp-content/themes/a/style.css": "body {}",
    "wp-content/uploads/cat.jpg": '<?php echo "pwned";',
    "wp-content/uploads/shell.php": '<?php echo "pwned";',
    ".git/config": "secret",
    "dump.sql": "secret",
}


def play(stand: Stand) -> None:
    php = stand.php_fpm()
    for name, content in SITE.items():
        php.write(name, content)
    yaml = EXAMPLE.read_text().replace('listeners: ["127.0.0.1:8086"]',
                                       'listeners: [{ name: web, address: "127.0.0.1:0" }]')
    gateway = stand.idle_gateway()
    yaml = yaml.replace("unix:/tmp/weir-wordpress.sock", f"unix:{gateway.admin}")
    gateway.start(yaml, environment={"BLOG_ROOT": str(php.root), "PHP": php.endpoint})

    same(gateway.get("/2026/11/hello/?x=1").text(), "post /2026/11/hello/?x=1", "a permanent link")
    same(gateway.get("/").text(), "post /", "the front page")
    same(gateway.get("/wp-admin/").text(), "admin", "the index of a folder")
    same(gateway.get("/wp-admin").status, 308, "a folder without its slash")
    with gateway.client() as client:
        form = "Content-Type: application/x-www-form-urlencoded\r\n"
        same(client.ask("/wp-login.php", "POST", form, b"log=me").text(), "login POST me", "a form")
    style = gateway.get("/wp-content/themes/a/style.css")
    same((style.text(), style.fields["content-type"].split(";")[0]), ("body {}", "text/css"), "a static file")
    same(style.fields["cache-control"], "public, max-age=86400", "how long it may be kept")
    for path in ("/wp-config.php", "/.git/config", "/dump.sql", "/wp-content/.htaccess"):
        same(gateway.get(path).status, 404, path)
    source = SITE["wp-content/uploads/shell.php"]
    for path in ("/wp-content/uploads/shell.php", "/wp-content/uploads/cat.jpg"):
        same(gateway.get(path).text(), source, f"{path}, sent and not run")
    same(gateway.get("/wp-content/uploads/cat.jpg/x.php").status, 404, "a script below a picture")

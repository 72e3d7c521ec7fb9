"""Shows that check_floors complains about each kind of forbidden include and about no allowed one."""

import pathlib
import tempfile
import unittest

import check_floors


class Floors(unittest.TestCase):
    def complaints(self, path: str, *lines: str) -> list[str]:
        """Complaints about one file with these lines, in a tree of its own."""
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder).resolve() / "src"
            (source / path).parent.mkdir(parents=True)
            (source / path).write_text("".join(f"{line}\n" for line in lines))
            return check_floors.complaints_in(source, pathlib.Path(path))

    def test_below_and_own_folder_are_fine(self):
        self.assertEqual([], self.complaints("http/head.cc", '#include "http/head.h"', '#include "base/text.h"'))

    def test_above_is_refused_with_its_line(self):
        found = self.complaints("base/arena.cc", "// idea", '#include "server/serve.h"')
        self.assertEqual(1, len(found))
        self.assertTrue(found[0].startswith("src/base/arena.cc:2: "), found)

    def test_server_sees_route_sees_upstream_and_not_back(self):
        self.assertEqual([], self.complaints("server/serve.cc", '#include "route/router.h"'))
        self.assertEqual([], self.complaints("route/router.cc", '#include "upstream/pool.h"'))
        self.assertEqual(1, len(self.complaints("upstream/pool.cc", '#include "route/router.h"')))
        self.assertEqual(1, len(self.complaints("route/router.cc", '#include "server/serve.h"')))

    def test_sibling_plugins_do_not_see_each_other(self):
        self.assertEqual(1, len(self.complaints("protocols/h1/codec.cc", '#include "filters/headers/headers.h"')))
        self.assertEqual(1, len(self.complaints("filters/headers/a.cc", '#include "filters/rewrite/b.h"')))
        self.assertEqual([], self.complaints("filters/headers/a.cc", '#include "filters/headers/b.h"'))

    def test_assembly_sees_everything_but_the_simulation(self):
        self.assertEqual([], self.complaints("app/catalog.cc", '#include "filters/headers/headers.h"'))
        self.assertEqual([], self.complaints("sim/world.cc", '#include "app/config.h"'))
        self.assertEqual(1, len(self.complaints("app/main.cc", '#include "sim/world.h"')))

    def test_include_relative_to_the_file_is_resolved(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder).resolve() / "src"
            (source / "net").mkdir(parents=True)
            (source / "net/stream.h").write_text("")
            (source / "net/stream.cc").write_text('#include "stream.h"\n')
            self.assertEqual([], check_floors.complaints_in(source, pathlib.Path("net/stream.cc")))

    def test_unknown_folder_is_on_no_floor(self):
        self.assertEqual(1, len(self.complaints("misc/thing.cc", "// idea")))
        self.assertEqual(1, len(self.complaints("net/a.cc", '#include "misc/thing.h"')))

    def test_third_party_header_stays_behind_its_door(self):
        self.assertEqual(1, len(self.complaints("route/router.cc", "#include <yaml-cpp/yaml.h>")))
        self.assertEqual([], self.complaints("app/yaml.cc", "#include <yaml-cpp/yaml.h>"))


if __name__ == "__main__":
    unittest.main()

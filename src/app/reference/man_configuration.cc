// weir.yaml(5): all keys with type, default and a sentence.
#include <fmt/format.h>

#include "app/reference/chapters.h"
#include "app/reference/generated.h"
#include "app/reference/roff.h"

namespace weir::reference {
namespace {

constexpr std::string_view opening =
    R"(.\" The configuration of weir, made by `./dev generate` from the declarations of the options: change those.
.Dd November 20, 2026
.Dt WEIR.YAML 5
.Os
.Sh NAME
.Nm weir.yaml
.Nd configuration of weir
.Sh DESCRIPTION
.Nm
says what
.Xr weir 1
does.
It is YAML without anchors, aliases, merge keys and tags.
Unknown keys and keys that stand twice are errors.
.Bd -literal -offset indent
listeners: [":8080"]
routes:
  - match: { path: /hello }
    respond: "hello\en"
  - proxy: http://127.0.0.1:3000
.Ed
.Pp
Durations are written
.Cm 500ms ,
.Cm 30s ,
.Cm 10m ,
.Cm 1h ,
.Cm 1d ;
sizes
.Cm 256B ,
.Cm 8KiB ,
.Cm 10MiB ;
.Cm none
is no limit.
Where a list is expected, one thing may stand alone.
.Cm ${env:NAME} ,
.Cm ${env:NAME:-default}
and
.Cm ${file:/path}
are expanded in values, after parsing.
.Pp
A route has exactly one service.
The first difference decides which of the routes that hold wins: priority;
exact host, longest wildcard, none; exact path, longest prefix, none; a method;
more headers; more queries; the earlier one.
)";

std::string_view heading(ChapterKind kind) {
  switch (kind) {
    case ChapterKind::section:
      return "SECTIONS";
    case ChapterKind::filter:
      return "FILTERS";
    case ChapterKind::service:
      return "SERVICES";
    case ChapterKind::balancer:
      return "BALANCERS";
  }
  return "";
}

std::string item(const OptionInfo& option) {
  std::string about = roff::sentence(option.doc);
  about += fmt::format(" Type: {}.", option.type);
  if (!option.bounds.empty()) about += fmt::format(" Bounds: {}.", option.bounds);
  if (option.required)
    about += " Required.";
  else if (!option.default_value.empty())
    about += fmt::format(" Default: {}.", option.default_value);
  std::string out = fmt::format(".It Cm {}\n{}", roff::text(option.name), roff::paragraph(about));
  if (!option.example.empty()) out += fmt::format(".Dl {}: {}\n", roff::text(option.name), roff::text(option.example));
  return out;
}

std::string chapter_text(const Chapter& chapter) {
  const SchemaBase& schema = *chapter.schema;
  std::string out = fmt::format(".Ss {}\n", chapter.path.empty() ? "The top level" : std::string_view(chapter.path));
  out += roff::paragraph(schema.doc());
  if (!schema.shorthand_option().empty())
    out += roff::paragraph(fmt::format("A value that is no map stands for {}.", schema.shorthand_option()));
  const std::vector<OptionInfo> options = schema.options();
  if (options.empty()) return out;
  out += ".Bl -tag -width Ds\n";
  for (const OptionInfo& option : options) out += item(option);
  return out + ".El\n";
}

}  // namespace

std::string man_of_configuration() {
  std::string out(opening);
  std::string_view last;
  for (const Chapter& chapter : chapters()) {
    if (heading(chapter.kind) != last) out += fmt::format(".Sh {}\n", heading(chapter.kind));
    last = heading(chapter.kind);
    out += chapter_text(chapter);
  }
  return out + ".Sh SEE ALSO\n.Xr weir 1\n";
}

}  // namespace weir::reference

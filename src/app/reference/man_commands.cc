// weir(1): the commands with their flags and examples from the table, the rest of a manual page around them.
#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/reference/generated.h"
#include "app/reference/roff.h"

namespace weir::reference {
namespace {

constexpr std::string_view opening =
    R"(.\" The commands of weir, made by `./dev generate` from the table of commands: change that, not this page.
.Dd November 20, 2026
.Dt WEIR 1
.Os
.Sh NAME
.Nm weir
.Nd edge proxy for HTTP
.Sh SYNOPSIS
)";

constexpr std::string_view description = R"(.Sh DESCRIPTION
.Nm
takes HTTP requests, decides, and passes them on to upstream servers or answers them itself.
What it does is said in a YAML file; see
.Xr weir.yaml 5 .
.Pp
The commands are:
)";

constexpr std::string_view closing = R"(.Sh SIGNALS
.Bl -tag -width "TERM, QUIT, INT"
.It TERM, QUIT, INT
Drain: readiness is taken back, listeners close, what is in flight is finished up to
.Cm timeouts.drain .
A second one ends everything at once.
.It HUP
Reload.
.It USR1
Open the log files anew.
.El
.Sh ENVIRONMENT
.Bl -tag -width XDG_RUNTIME_DIR
.It Ev STATE_DIRECTORY
Where the configurations that ran are kept, unless the file says.
.It Ev NO_COLOR
When set, nothing is coloured.
.It Ev NOTIFY_SOCKET
Where systemd wants to hear about readiness.
.It Ev XDG_RUNTIME_DIR
Where the admin socket of an ordinary user is looked for.
.El
.Sh FILES
.Bl -tag -width /run/weir/admin.sock
.It Pa /etc/weir/weir.yaml
The configuration.
.It Pa /run/weir/admin.sock
The admin socket, mode 0600.
.It Pa /var/lib/weir
The configurations that ran.
.El
.Sh EXIT STATUS
.Bl -tag -width 64
.It 0
Done; for
.Cm run :
drained and ended.
.It 1
Could not start, not valid, not reached, not reloaded.
.It 2
.Cm run
was ended by force.
.It 3
The drain ran out of time and requests were cut.
.It 64
Wrong usage.
.El
)";

std::string flag_item(const FlagKind& flag) {
  std::string item = ".It ";
  if (flag.letter != '\0') item += fmt::format("Fl {} , ", flag.letter);
  item += fmt::format("Fl -{}", roff::text(flag.name));
  if (!flag.value_name.empty()) item += fmt::format(" Ar {}", roff::argument(flag.value_name));
  return item + '\n';
}

std::string command_item(const CommandKind& command) {
  std::string out = fmt::format(".It Cm {}", roff::text(command.name));
  if (!command.arguments.empty()) out += fmt::format(" {}", roff::argument(command.arguments));
  out += '\n' + roff::paragraph(roff::sentence(command.doc));
  if (!command.alias.empty()) out += fmt::format("Also called\n.Cm {} .\n", roff::text(command.alias));
  if (!command.details.empty()) out += ".Pp\n" + roff::literal_paragraphs(command.details);
  if (command.flags.size() > 1) {
    out += ".Bl -tag -width Ds\n";
    for (const FlagKind& flag : command.flags) {
      if (flag.name != "help") out += flag_item(flag) + roff::paragraph(roff::sentence(flag.doc));
    }
    out += ".El\n";
  }
  return out;
}

std::string examples() {
  std::string out = ".Sh EXAMPLES\n";
  for (const CommandKind& command : command_kinds()) {
    for (const CommandExample& example : command.examples) {
      out += roff::paragraph(roff::sentence(example.doc));
      out += fmt::format(".Dl {}\n", roff::text(example.line));
    }
  }
  return out;
}

}  // namespace

std::string man_of_commands() {
  std::string out(opening);
  for (const CommandKind& command : command_kinds()) {
    out += fmt::format(".Nm\n.Cm {}", roff::text(command.name));
    if (!command.arguments.empty()) out += fmt::format(" {}", roff::argument(command.arguments));
    if (command.flags.size() > 1) out += " Op Ar flags";
    out += '\n';
  }
  out += description;
  out += ".Bl -tag -width Ds\n";
  for (const CommandKind& command : command_kinds()) out += command_item(command);
  out += ".El\n.Pp\nEvery command takes\n.Fl h , Fl -help .\n";
  out += closing;
  out += examples();
  return out + ".Sh SEE ALSO\n.Xr weir.yaml 5\n";
}

}  // namespace weir::reference

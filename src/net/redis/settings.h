// How a Redis is reached, and what is asked of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/units.h"
#include "net/address.h"
#include "net/tls/client_context.h"

namespace weir::redis {

/// Something that runs inside Redis: a function of a library (Redis 7), and the same as a script for servers that
/// refuse functions.
struct Function {
  std::string name;
  std::string script;
};

/// Functions that every connection sees to before it is used.
struct Library {
  std::string source;  ///< for FUNCTION LOAD; empty: there are none
  std::vector<Function> functions;
};

struct Settings {
  std::vector<Endpoint> addresses;  ///< tried in turn; of a cluster, those to ask first
  std::string user;                 ///< empty: the default user
  std::string password;             ///< empty: no AUTH. Never printed
  unsigned database = 0;
  bool cluster = false;
  Duration connect_timeout = std::chrono::seconds{1};  ///< from the first packet until it may be asked
  Duration answer_timeout = std::chrono::seconds{1};   ///< a connection that is silent for so long is given up
  Duration idle_timeout = std::chrono::minutes{5};     ///< nobody asks: the connection is closed
  Duration budget = std::chrono::milliseconds{5};      ///< an answer that takes longer is late
  Library library;
  /// Null: in the clear. Without a name of its own, each server has to prove the host it is reached by.
  std::shared_ptr<const tls::ClientContext> tls;
};

enum class Event : std::uint8_t {
  connected,
  failed,       ///< a connection was lost, or could not be made
  suppressed,   ///< from now on nobody waits for this server
  resumed,      ///< it is asked again
  late_answer,  ///< came when nobody waited for it any more
  redirected,   ///< MOVED or ASK
  refreshed,    ///< a new table of slots
};

/// Told what happens to the connections of one core.
class Events {
 public:
  /// \param why  for people; lives until this returns
  virtual void happened(Event event, std::string_view address, std::string_view why) = 0;
  virtual void shook_hands(const tls::Facts& facts) = 0;
  /// TLS was not agreed on; Event::failed follows.
  virtual void handshake_failed(tls::Failure why) = 0;

 protected:
  ~Events() = default;
};

/// One thing to ask: a plain command, or a function with what stands behind its name.
struct Request {
  /// Of settings.library.functions; none for a plain command.
  int function = -1;
  /// A whole command; for a function the bulk strings behind its name: number of keys, keys, arguments.
  std::string bytes;
  /// For a function: how many bulk strings that is.
  std::size_t words = 0;
};

/// What operators see of one server.
struct NodeFacts {
  std::string address;
  std::string_view state;  ///< "ready", "connecting", "suppressed", "down", "idle"
};

}  // namespace weir::redis

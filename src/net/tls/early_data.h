// What a client that resumes sends with its first flight, before the handshake is over (0-RTT, RFC 8446 section 2.3).
//
// Problem: such bytes spare a round trip, and can be sent again by whoever recorded them: until the handshake is over
// nobody has shown to be there. So whoever serves has to know, at the moment of serving, whether it is over (RFC 8470).
// Idea: a connection that may begin early has one of these beside its session in the library. Its handshake counts as
// over when the first early bytes are here; they are served, and answered, while the rest of the handshake goes on
// within reading. What others have to know of it is one fact (Facts::early). Most connections have none.
//
// Invariants
//   (1) Once open() has become false again the client has proven to be there; it stays so.
//   (2) No more early bytes are held than one record, which is all that tickets allow.
#pragma once

#include <cstdint>
#include <span>
#include <string>

struct ssl_st;

namespace weir::tls {

class EarlyData {
 public:
  /// What tickets allow: one record. A request without content has 0.5 to 2 KiB.
  static constexpr std::uint32_t bytes_max = 16 * 1024;

  /// Gives one to a connection that has not said anything yet, for as long as that lives.
  static void expect(ssl_st* ssl);
  /// That of a connection; null: it has none.
  static EarlyData* of(ssl_st* ssl);

  /// Goes on with the handshake, until it or the first early bytes are here.
  /// \param room     for one record
  /// \returns  what the library's own functions would: 1, or less, and the library knows why
  int shake(ssl_st* ssl, std::span<char> room);
  /// Reads what else comes early, and then the rest of the handshake. \returns  the same
  int read_on(ssl_st* ssl, std::span<char> room);
  /// Moves bytes that came early to their reader. \returns  how many
  std::size_t take(std::span<char> room);

  /// Whether early bytes have come, and the handshake is not over.
  [[nodiscard]] bool open() const { return stage_ == Stage::reading || stage_ == Stage::finishing; }
  [[nodiscard]] bool has_bytes() const { return !bytes_.empty(); }

 private:
  enum class Stage : std::uint8_t { awaited, reading, finishing, over };

  Stage stage_ = Stage::awaited;
  std::string bytes_;  // decrypted, and not yet read
};

}  // namespace weir::tls

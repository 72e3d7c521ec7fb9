// One side of a TLS connection, without a socket: bytes in, bytes out.
//
// Problem: the library would like to own the socket; but sockets are the Io's, which may be a simulation, and an idle
// connection must not own 32 KiB of buffers.
// Idea: the engine sits between a Stream and its Io. What arrived lies in the scratch and is read from there; what is
// to leave is written into memory that all connections of a core share. Only what cannot stay there is the engine's
// own: a part of a record whose rest has not come, plain bytes nobody had room for.
//
// Invariants
//   (1) When open() returns, nothing refers to the bytes it was given: what was not used was copied.
//   (2) Records leave in the order in which they were made: what reading caused to be written (an answer to a key
//       update, an alert) goes in front of what is sealed next.
//   (3) After a failure nothing more is sealed.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "net/tls/facts.h"

struct ssl_st;  // of OpenSSL, whose headers stay in this folder

namespace weir::tls {

/// Memory that all TLS connections of one core use in turn, made when the first of them needs it.
class Workbench {
 public:
  /// Where opened bytes lie until their reader suspends.
  [[nodiscard]] std::span<char> plain();
  /// One record's worth, in which small pieces are put together.
  [[nodiscard]] std::span<char> record();
  /// What was sealed last.
  std::string sealed;

 private:
  std::unique_ptr<char[]> memory_;
};

class Engine {
 public:
  /// \param ssl    becomes its own; a context has prepared it
  /// \param keeps  what `ssl` refers to
  Engine(ssl_st* ssl, Workbench& bench, std::shared_ptr<const void> keeps);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  /// Goes on with the handshake with what arrived (at first, of a client: nothing). Then send owed().
  /// \returns  whether it is over
  /// \errors   tls_failed, or certificate_untrusted; failure() says more. owed() may hold an alert
  Result<bool> shake(std::span<const char> received);
  /// What has to be sent before anything else; gone from the engine.
  [[nodiscard]] std::string owed() { return std::move(owed_); }

  /// Decrypts `received` behind what was kept, as far as there is room.
  /// \returns  plain bytes; 0: more must arrive, or closed()
  /// \errors   tls_failed
  Result<std::size_t> open(std::span<const char> received, std::span<char> room);
  /// Encrypts. The bytes lie in the bench until something else is sealed on this core.
  Result<std::string_view> seal(std::span<const std::string_view> pieces);
  /// The orderly end (close_notify), as bytes to be sent; empty when it was said, or cannot be any more.
  std::string_view goodbye();
  /// Nothing may be sent any more: a record left only in part.
  void break_off() { broken_ = true; }

  /// Whether open() may have bytes without any arriving.
  [[nodiscard]] bool unread() const;
  /// The other side has said that nothing more comes: an end of the connection without it is a cut.
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] Failure failure() const { return failure_; }
  [[nodiscard]] Workbench& bench() { return bench_; }

 private:
  friend struct BioOfEngine;
  friend struct ServerCallbacks;
  friend class ServerContext;
  friend class ClientContext;

  void take(std::span<const char> received);
  void keep_rest();
  Error failed(int outcome);
  void learn_facts();
  bool seal_piece(std::string_view piece);

  ssl_st* ssl_;
  Workbench& bench_;
  std::shared_ptr<const void> keeps_;
  std::string_view incoming_;  // what the library may read: in the scratch, or in kept_
  std::string kept_;           // arrived and not yet read by the library
  std::string owed_;           // to be sent before anything else
  std::string* outgoing_;      // where the library writes now: owed_, or the bench
  Facts facts_;
  Time begun_{};
  Failure failure_ = Failure::protocol_error;
  std::size_t handshake_bytes_ = 0;
  bool closed_ = false;
  bool said_goodbye_ = false;
  bool broken_ = false;
  bool shaken_ = false;
};

}  // namespace weir::tls

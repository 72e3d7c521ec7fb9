// One call of grpc.health.v1.Health/Check over HTTP/2: bytes in, bytes out, a verdict. No sockets here.
//
// Problem: a health check may not use the gateway's own HTTP/2 client (plug-ins do not know each other), and needs next
// to nothing of it: one request, one short answer, no upload, no reuse.
// Idea: libnghttp2 with its own checks of messages on, which are as strict as a check should be, and the answer's few
// facts, judged by a pure function when the stream ends. What comes after a verdict is not looked at.
//
// Invariants
//   (1) The verdict depends on the bytes alone, not on how they were cut.
//   (2) No more than limits::health_answer_bytes are read or kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "contracts/health_check.h"

namespace weir::grpc {

/// What the server answered, once its stream has ended.
struct Heard {
  std::uint32_t status = 0;  ///< of HTTP
  std::string content_type;
  std::optional<std::uint32_t> grpc_status;  ///< from the head or the trailers; nothing: there was none, or no number
  std::string content;
};

/// Pure.
ProbeResult judge(const Heard& heard);

struct CallOptions {
  std::string_view authority;
  std::string_view service;  ///< empty: the server as a whole
  Duration timeout{};        ///< told to the server
  bool secured = false;      ///< the connection speaks TLS
};

class Call {
 public:
  explicit Call(const CallOptions& options);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  /// What is to be sent now.
  [[nodiscard]] std::string take_output();
  void receive(std::string_view bytes);
  /// Nothing follows.
  void end();
  [[nodiscard]] const std::optional<ProbeResult>& verdict() const;

  /// Of a whole answer, or a part of it: what fuzz targets and tests ask. Pure.
  static std::optional<ProbeResult> judge_bytes(std::string_view answer, bool ended);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace weir::grpc

// A server behind the gateway: it does what the plan says for each request that arrives, and writes down what it saw.
#pragma once

#include "sim/server.h"

namespace weir::sim {

class OriginServer final : public SimServer {
 public:
  using SimServer::SimServer;

 private:
  Task<Then> converse(Wire& wire) override;
  Task<Then> answer(Wire& wire, const Head& head, Story& story);
  Task<Then> misbehave(Wire& wire, const Head& head, Story& story);
  Task<bool> read_upload(Wire& wire, const Head& head, Story& story);
  Task<bool> send_answer(Wire& wire, Story& story, Then& then);
  Task<Then> tunnel(Wire& wire, Story& story);
  void check_head(const Head& head, const Story& story);
};

}  // namespace weir::sim

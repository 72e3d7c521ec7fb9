// A FastCGI application behind the gateway: it does what the plan says for each request that arrives, and writes down
// what it saw.
#pragma once

#include "sim/records.h"
#include "sim/server.h"

namespace weir::sim {

class ApplicationServer final : public SimServer {
 public:
  using SimServer::SimServer;

 private:
  Task<Then> converse(Wire& wire) override;
  Task<Then> answer(Wire& wire, Story& story);
  Task<Then> misbehave(Wire& wire, Story& story);
  Task<bool> read_upload(Wire& wire, Story& story);
  Task<bool> send_answer(Wire& wire, Story& story, Then& then);
  void check_variables(const Variables& variables, const Story& story);
};

}  // namespace weir::sim

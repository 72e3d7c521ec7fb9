// A user of the gateway: opens connections, sends the planned requests, and writes down what came back.
#pragma once

#include <span>

#include "runtime/scope.h"
#include "sim/ledger.h"

namespace weir::sim {

class Client {
 public:
  Client(Reactor& reactor, Ledger& ledger, const ClientPlan& plan, const Doors& doors)
      : reactor_(reactor), ledger_(ledger), plan_(plan), doors_(doors) {}
  Client(const Client&) = delete;

  /// Does everything that is planned, in order.
  Task<void> run();

 private:
  /// One connection and the requests that are to go over it.
  struct Connection {
    Connection(Reactor& reactor, const ClientConnectionPlan& planned, std::unique_ptr<Stream> opened)
        : plan(planned), stream(std::move(opened)), wire(*stream), uploads(reactor) {}
    const ClientConnectionPlan& plan;
    std::unique_ptr<Stream> stream;
    Wire wire;
    Scope uploads;
    bool introduced = false;  ///< its sender has said whose it is
    unsigned awaited = 0;     ///< the request whose answer is being read
    bool ended = false;       ///< no further answer is to be expected
    bool announced = false;   ///< and the gateway has said so
    bool gone = false;        ///< we went away
  };
  using Batch = std::span<const RequestPlan>;

  Task<void> run(const ClientConnectionPlan& plan);
  Task<void> run_multiplexed(const ClientConnectionPlan& plan);
  Task<std::unique_ptr<Stream>> connect(const ClientConnectionPlan& plan, Story& first);
  Task<std::size_t> converse(const ClientConnectionPlan& plan, Batch requests);
  Task<void> send_all(Connection& connection, Batch requests);
  Task<bool> send_one(Connection& connection, Story& story);
  Task<bool> send_upload(Connection& connection, Story& story);
  Task<void> read_answer(Connection& connection, Story& story);
  Task<void> read_content(Connection& connection, Story& story, const Head& head);
  Task<void> tunnel(Connection& connection, Story& story);
  Task<void> send_through_tunnel(Connection& connection, Story& story);
  Task<void> leave(Connection& connection, const ClientConnectionPlan& plan, Story& last);
  void end(Story& story, Outcome outcome);
  void end_without_answer(Connection& connection, Story& story, Ending ending);
  void go_away(Connection& connection);

  Reactor& reactor_;
  Ledger& ledger_;
  const ClientPlan& plan_;
  const Doors& doors_;
};

}  // namespace weir::sim

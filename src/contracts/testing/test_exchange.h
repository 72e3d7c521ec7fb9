// An exchange as a session would have made it, with a request that a test writes down in one line.
//
//   TestExchange test(shard);
//   test.request("GET", "/cart/1?x=2", "shop.example.com").field("accept", "text/html").client("10.0.0.1");
//   ... filter.handle(test.exchange, test.next(service)) ...
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/filter.h"
#include "contracts/testing/test_shard.h"
#include "http/host.h"

namespace weir {

/// Gives its pieces one after the other, and then its error or its end. The pieces must outlive it.
class PiecesBody final : public Body {
 public:
  enum class Readiness : std::uint8_t { at_once, only_by_read };

  PiecesBody(std::vector<std::string_view> pieces, Readiness readiness, std::optional<Error> error = {})
      : pieces_(std::move(pieces)), readiness_(readiness), error_(error) {}

  Task<Result<Piece>> read() override { co_return next_piece(); }
  std::optional<Result<Piece>> try_read() override {
    if (readiness_ == Readiness::only_by_read) return {};
    return next_piece();
  }

 private:
  Result<Piece> next_piece() {
    if (given_ == pieces_.size() && error_) return fail(*error_);
    if (given_ == pieces_.size()) return Piece{.bytes = {}, .end = true};
    return Piece{.bytes = pieces_[given_++]};
  }

  std::vector<std::string_view> pieces_;
  std::size_t given_ = 0;
  Readiness readiness_;
  std::optional<Error> error_;
};

/// Ends a chain of filters under test: answers `status`, and remembers how often it was asked.
class CountingService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    ++calls;
    Answer answer(exchange.arena);
    answer.head.status = status;
    for (const auto& [name, value] : fields) answer.head.fields.append(name, value);
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {.text = "counts", .answers = true, .status = status}; }

  Status status = 200;
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  mutable int calls = 0;
};

class TestExchange final : private ExchangeHost {
 public:
  explicit TestExchange(TestShard& shard, std::shared_ptr<const Snapshot> snapshot = std::make_shared<Snapshot>())
      : exchange(shard.shard(), connection, pin(std::move(snapshot)), *this) {
    request("GET", "/", "example.com");
  }
  ~TestExchange() {
    if (!finished_) finish({});
  }

  /// \param target  path and query; it is taken as canonical
  TestExchange& request(std::string_view method, std::string_view target, std::string_view authority) {
    RequestHead& head = exchange.request;
    head.method_text = exchange.arena.copy(method);
    head.method = method_of(head.method_text);
    head.target = exchange.arena.copy(target);
    const std::size_t question = head.target.find('?');
    head.path = head.target.substr(0, question);
    head.has_query = question != std::string_view::npos;
    head.query = head.has_query ? head.target.substr(question + 1) : std::string_view();
    const auto parsed = parse_authority(exchange.arena.copy(authority), exchange.arena);
    head.authority = parsed ? parsed->text : std::string_view();
    head.host = parsed ? parsed->host : std::string_view();
    return *this;
  }
  TestExchange& field(std::string_view lower_case_name, std::string_view value) {
    exchange.request.fields.append(exchange.arena.copy(lower_case_name), exchange.arena.copy(value));
    return *this;
  }
  TestExchange& client(std::string_view address) {
    const auto parsed = IpAddress::parse(address);
    invariant(parsed.has_value(), "a test writes valid addresses");
    exchange.client.address = exchange.client.peer = *parsed;
    return *this;
  }
  /// Content whose end is known by `framing`. The pieces must outlive the exchange.
  TestExchange& content(Framing framing, std::vector<std::string_view> pieces,
                        PiecesBody::Readiness readiness = PiecesBody::Readiness::at_once) {
    exchange.request.framing = framing;
    exchange.request_body = BodyPointer(exchange.arena.make<PiecesBody>(std::move(pieces), readiness));
    return *this;
  }

  /// The rest of a chain that consists of `service`.
  static Next next(const Service& service) { return {{}, service}; }
  [[nodiscard]] ImaginedRequest imagined() { return {.head = exchange.request, .client = exchange.client}; }
  /// The last decision that was left behind, or null.
  [[nodiscard]] const DecisionRecord* last_record() const {
    const DecisionRecord* record = exchange.first_record();
    while (record != nullptr && record->next != nullptr) record = record->next;
    return record;
  }

  /// Runs the finishers; the destructor does it when a test does not.
  void finish(const Delivery& delivery) {
    finished_ = true;
    exchange.request_body.reset();
    exchange.finish(delivery);
  }

  ConnectionFacts connection;
  Exchange exchange;
  std::vector<Status> interims;  ///< statuses of 1xx heads that were passed on
  Time time_limit = never;       ///< what limit_time() was last given

 private:
  static SnapshotPin pin(std::shared_ptr<const Snapshot> snapshot) {
    // Deleted by its last pin.
    return SnapshotPin(*new ShardSnapshot(std::move(snapshot), [](std::shared_ptr<const Snapshot>) {}));
  }
  Task<Result<void>> interim(const ResponseHead& head) override {
    interims.push_back(head.status);
    co_return Result<void>{};
  }
  void limit_time(Time deadline) override { time_limit = deadline; }

  bool finished_ = false;
};

}  // namespace weir

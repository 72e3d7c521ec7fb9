// The conformance suite itself: a filter that keeps its promises passes, and each broken promise is noticed.
//
// The plug-ins call the suite from the tests in their own folders; here a toy stands for all of them.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

/// What the toy does wrong.
enum class Fault : std::uint8_t { none, rehearses_otherwise, claims_to_answer, touches_framing, writes_codec_field };

struct ToyOptions {
  Fault fault = Fault::none;
  static const Schema<ToyOptions>& schema() {
    static const auto schema = Schema<ToyOptions>("toy", "Marks the request.")
                                   .choice("fault", &ToyOptions::fault,
                                           {{"none", Fault::none},
                                            {"rehearses_otherwise", Fault::rehearses_otherwise},
                                            {"claims_to_answer", Fault::claims_to_answer},
                                            {"touches_framing", Fault::touches_framing},
                                            {"writes_codec_field", Fault::writes_codec_field}},
                                           {.doc = "What it does wrong.", .example = "none"});
    return schema;
  }
};

class Toy final : public Filter {
 public:
  explicit Toy(Fault fault) : fault_(fault) {}

  Reply handle(Exchange& exchange, Next next) const override {
    exchange.request.fields.append("x-toy", "1");
    if (fault_ == Fault::touches_framing) exchange.request.framing = {Framing::Kind::length, 77};
    CO_TRY(Answer answer, co_await std::move(next)(exchange));
    if (fault_ == Fault::writes_codec_field) answer.head.fields.append(FieldName::content_length, "7");
    co_return answer;
  }
  Effect rehearse(ImaginedRequest& imagined) const override {
    imagined.head.fields.append("x-toy", fault_ == Fault::rehearses_otherwise ? "2" : "1");
    return {.text = "marks the request", .answers = fault_ == Fault::claims_to_answer, .status = 299};
  }

 private:
  Fault fault_;
};

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = ToyOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<Toy>(read->fault);
}

constexpr FilterKind toy{.name = "toy", .schema = &schema_of<ToyOptions>, .build = &build};

/// Handles and rehearses one plain request.
void try_out(Fault fault) {
  conformance::expect_handles_as_rehearsed<Filter>(Toy(fault), conformance::plain_requests().front());
}

TEST(FilterConformance, accepts_a_filter_that_keeps_its_promises) {
  expect_conformance(toy, "{ fault: none }");
}

TEST(FilterConformance, notices_each_broken_promise) {
  EXPECT_NONFATAL_FAILURE(try_out(Fault::rehearses_otherwise), "differ");
  EXPECT_NONFATAL_FAILURE(try_out(Fault::claims_to_answer), "marks the request");
  EXPECT_NONFATAL_FAILURE(try_out(Fault::touches_framing), "framing");
  EXPECT_NONFATAL_FAILURE(try_out(Fault::writes_codec_field), "belongs to the codecs");
}

}  // namespace
}  // namespace weir

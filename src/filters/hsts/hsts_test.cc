// Answers over TLS carry the promise, those in the clear never do.
#include "filters/hsts/hsts.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

class AnsweringService final : public Service {
 public:
  explicit AnsweringService(std::string_view hsts = {}) : hsts_(hsts) {}
  Reply handle(Exchange& exchange) const override {
    Answer answer(exchange.arena);
    if (!hsts_.empty()) answer.head.fields.append("strict-transport-security", hsts_);
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

 private:
  std::string_view hsts_;
};

std::string promised(std::string_view options, bool over_tls, std::string_view upstream_says = {}) {
  const auto built = build_plugin(hsts_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  const tls::Facts facts;
  if (over_tls) test.connection.tls = &facts;
  const AnsweringService service(upstream_says);
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
  if (!answer) return "an error";
  const Field* field = answer->head.fields.find("strict-transport-security");
  return field == nullptr ? "" : std::string(field->value);
}

TEST(Hsts, promises_a_year_over_tls) {
  EXPECT_EQ(promised("{}", true), "max-age=31536000");
  EXPECT_EQ(promised("30d", true), "max-age=2592000");
  EXPECT_EQ(promised("{ age: 730d, subdomains: true, preload: true }", true),
            "max-age=63072000; includeSubDomains; preload");
}

TEST(Hsts, promises_nothing_in_the_clear) {
  EXPECT_EQ(promised("{}", false), "");
  EXPECT_EQ(promised("{}", false, "max-age=1"), "");
}

TEST(Hsts, replaces_what_an_upstream_promised) {
  EXPECT_EQ(promised("{}", true, "max-age=1"), "max-age=31536000");
}

TEST(Hsts, refuses_a_preload_that_browsers_would_refuse) {
  EXPECT_FALSE(build_plugin(hsts_filter(), "{ preload: true }").plugin);
  EXPECT_FALSE(build_plugin(hsts_filter(), "{ preload: true, subdomains: true, age: 30d }").plugin);
}

}  // namespace
}  // namespace weir

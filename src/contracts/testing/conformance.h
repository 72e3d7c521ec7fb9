// What every filter and every service has to do, whatever it does.
//
//   TEST(Access, conforms) { expect_conformance(access_filter(), "{ deny: [10.0.0.1] }"); }
//
// The suite
//   - builds from the options given, and from every example that its documentation shows;
//   - answers an option nobody declared with an error that has a place;
//   - handles plain requests: calls the rest at most once, and exactly when rehearse() says that it does not answer
//   itself;
//   - leaves no decision behind without the facts it was made from;
//   - leaves framing alone, and puts no field into a message that belongs to a codec;
//   - rehearse() changes an imagined request as handle() changes the real one, and foretells its status.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "contracts/schema.h"
#include "contracts/testing/build_plugin.h"
#include "contracts/testing/test_exchange.h"

namespace weir {
namespace conformance {

/// Everything about a request that a rehearsal has to get right, as text that shows the difference.
inline std::string shown(const RequestHead& head) {
  std::string text = std::string(head.method_text) + ' ' + std::string(head.path) + (head.has_query ? "?" : "") +
                     std::string(head.query) + " host " + std::string(head.authority) + " (" + std::string(head.host) +
                     ")\n";
  for (const Field& field : head.fields) text += std::string(field.name) + ": " + std::string(field.value) + '\n';
  return text;
}

inline void expect_no_codec_fields(const Fields& fields) {
  for (const FieldName name :
       {FieldName::content_length, FieldName::transfer_encoding, FieldName::connection, FieldName::upgrade,
        FieldName::keep_alive, FieldName::te, FieldName::trailer, FieldName::proxy_connection}) {
    EXPECT_FALSE(fields.has(name)) << text_of(name) << " belongs to the codecs";
  }
}

/// Field invariants (http/fields.h): lower-case names with the right number.
inline void expect_well_formed(const Fields& fields) {
  for (const Field& field : fields) {
    EXPECT_EQ(field.name, text::to_lower(field.name));
    EXPECT_EQ(field.id, name_id(field.name)) << field.name;
  }
  expect_no_codec_fields(fields);
}

using Prepare = void (*)(TestExchange&);

/// Plain requests of several kinds; the same function prepares the real one and the imagined one.
inline const std::vector<Prepare>& plain_requests() {
  static const std::vector<Prepare> all{
      [](TestExchange& test) { test.request("GET", "/", "example.com").client("192.0.2.7"); },
      [](TestExchange& test) {
        test.request("GET", "/cart/items/1?x=1&y=2", "shop.example.com:8443")
            .field("accept", "text/html")
            .field("cookie", "a=b")
            .field("x-a", "1")
            .field("x-a", "2")
            .client("10.0.0.1");
      },
      [](TestExchange& test) {
        test.request("POST", "/p/42", "example.com")
            .client("2001:db8::1")
            .content({Framing::Kind::length, 5}, {"hello"});
      },
      [](TestExchange& test) {
        test.request("PUT", "/a%20b/", "[::1]:80")
            .client("127.0.0.1")
            .content({Framing::Kind::chunked, 0}, {"hel", "lo"});
      },
      [](TestExchange& test) { test.request("OPTIONS", "*", "example.com").client("192.0.2.7"); },
  };
  return all;
}

/// Who tells what was decided can prove it: the facts are there to decide again (app/replay_property_test).
inline void expect_facts(const Exchange& exchange) {
  for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
    EXPECT_FALSE(record->facts.empty()) << record->room << ": " << record->verdict << ", " << record->reason;
  }
}

struct Handled {
  std::optional<Status> status;  ///< none: it failed with an error
  int calls = 0;                 ///< of the rest of the chain
};

inline Handled handle(const Filter& filter, TestShard& shard, TestExchange& test) {
  CountingService service;
  service.status = 299;
  const Result<Answer> answer = shard.run_to_end(filter.handle(test.exchange, TestExchange::next(service)));
  if (answer) expect_well_formed(answer->head.fields);
  return {.status = answer ? std::optional(answer->head.status) : std::nullopt, .calls = service.calls};
}

inline Handled handle(const Service& service, TestShard& shard, TestExchange& test) {
  const Result<Answer> answer = shard.run_to_end(service.handle(test.exchange));
  if (answer) expect_well_formed(answer->head.fields);
  return {.status = answer ? std::optional(answer->head.status) : std::nullopt};
}

template <typename Plugin>
void expect_handles_as_rehearsed(const Plugin& plugin, Prepare prepare) {
  TestShard shard;
  TestExchange real(shard);
  TestExchange twin(shard);
  prepare(real);
  prepare(twin);
  SCOPED_TRACE(shown(real.exchange.request));
  const Framing framing = real.exchange.request.framing;

  ImaginedRequest imagined = twin.imagined();
  const Effect effect = plugin.rehearse(imagined);
  const Handled handled = handle(plugin, shard, real);

  EXPECT_EQ(shown(twin.exchange.request), shown(real.exchange.request)) << "rehearse() and handle() differ";
  EXPECT_FALSE(effect.text.empty());
  expect_facts(real.exchange);
  EXPECT_EQ(real.exchange.request.framing, framing);
  expect_well_formed(real.exchange.request.fields);
  if (handled.status && effect.answers && effect.status != 0) {  // 0: it is the upstream's (contracts/rehearsal.h)
    EXPECT_EQ(*handled.status, effect.status);
  }
  if constexpr (std::is_same_v<Plugin, Filter>) {
    EXPECT_EQ(handled.calls, effect.answers ? 0 : 1) << effect.text;
  }
}

/// `{ request: { set: EXAMPLE } }` for every option that has an example, and the others that must stand beside it.
/// \param companion  an option without which the others are nothing, though it is not required: `to: /new`
template <typename Visit>
void for_each_example(const SchemaBase& schema, const std::string& before, const std::string& after,
                      const std::string& companion, const Visit& visit) {
  const std::vector<OptionInfo> options = schema.options();
  for (const OptionInfo& option : options) {
    const bool alone = companion.empty() || companion.starts_with(option.name + ':');
    std::string beside = alone ? "" : companion + ", ";
    for (const OptionInfo& other : options) {
      const bool beside_already = !alone && companion.starts_with(other.name + ':');
      if (other.required && other.name != option.name && !beside_already)
        beside += other.name + ": " + other.example + ", ";
    }
    const std::string open = before + "{ " + beside + option.name + ": ";
    if (!option.example.empty()) visit(open + option.example + " }" + after);
    if (option.nested != nullptr) for_each_example(*option.nested, open, " }" + after, "", visit);
  }
}

}  // namespace conformance

/// Builds plug-ins that need nobody else.
struct BuildAlone {
  template <typename Kind>
  auto operator()(const Kind& kind, std::string_view options) const {
    return build_plugin(kind, options);
  }
};

/// \param options    an ordinary use, as one would write it
/// \param companion  beside which the examples of other options are tried: `to: /new`
/// \param build      from a kind and its options; for plug-ins that need upstreams
template <typename Kind, typename Build = BuildAlone>
void expect_conformance(const Kind& kind, std::string_view options, std::string_view companion = {},
                        const Build& build = {}) {
  const SchemaBase& schema = kind.schema();
  EXPECT_EQ(kind.name, schema.name()) << "the catalog and the documentation agree on the name";
  EXPECT_FALSE(schema.doc().empty());
  const auto built = build(kind, options);
  ASSERT_TRUE(built.plugin) << built.diagnostics.text();
  for (const conformance::Prepare prepare : conformance::plain_requests()) {
    conformance::expect_handles_as_rehearsed(*built.plugin, prepare);
  }

  conformance::for_each_example(schema, "", "", std::string(companion), [&](const std::string& example) {
    SCOPED_TRACE(example);
    const auto from_example = build(kind, example);
    EXPECT_TRUE(from_example.plugin) << from_example.diagnostics.text();
    if (!from_example.plugin) return;
    for (const conformance::Prepare prepare : conformance::plain_requests()) {
      conformance::expect_handles_as_rehearsed(*from_example.plugin, prepare);
    }
  });

  const auto unknown = build(kind, "{ no_such_option: 1 }");
  EXPECT_FALSE(unknown.plugin);
  EXPECT_NE(
      unknown.diagnostics.text().find("test.yaml:1:3: " + std::string(kind.name) + ".no_such_option: unknown option"),
      std::string::npos)
      << unknown.diagnostics.text();
}

}  // namespace weir

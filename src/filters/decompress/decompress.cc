// Which bodies are decoded, and the options.
#include "filters/decompress/decompress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "server/error_reply.h"

namespace weir {
namespace {

constexpr Error unsupported = client_error(Code::unsupported_content_coding);

using Action = DecompressVerdict::Action;

Reply refuse() {
  co_return fail(unsupported);
}

/// What is said of the coded bytes is not true of the decoded ones.
void forget_coding(Fields& fields) {
  static constexpr std::array<std::string_view, 5> of_the_coded{"content-encoding", "content-digest", "content-md5",
                                                                "digest", "repr-digest"};
  fields.remove_if(
      [](const Field& field) { return std::ranges::find(of_the_coded, field.name) != of_the_coded.end(); });
}

}  // namespace

std::string_view name_of(DecompressVerdict::Action action) {
  switch (action) {
    case Action::pass:
      return "passed";
    case Action::decode:
      return "decodes";
    case Action::refuse:
      return "refused";
  }
  return "";
}

DecompressFacts decompress_facts_of(const RequestHead& request) {
  DecompressFacts facts{.has_body = request.framing.kind != Framing::Kind::none};
  for (const Field& field : request.fields) {
    if (field.id != FieldName::content_encoding) continue;
    text::for_each_member(field.value, [&](std::string_view name) {
      const auto coding = content_coding(name);
      if (coding == ContentCoding::identity) return;
      ++facts.codings;
      facts.last_is_known = coding.has_value();
      facts.last = coding.value_or(ContentCoding::identity);
    });
  }
  return facts;
}

DecompressVerdict decide_decompress(const DecompressFacts& facts) {
  if (!facts.has_body) return {Action::pass, ContentCoding::identity, "no_body"};
  if (facts.codings == 0) return {Action::pass, ContentCoding::identity, "not_coded"};
  // Nobody sends a body that is coded twice but to multiply what two bombs can do.
  if (facts.codings > 1) return {Action::refuse, ContentCoding::identity, "several_codings"};
  if (!facts.last_is_known || facts.last == ContentCoding::deflate) {
    return {Action::refuse, ContentCoding::identity, "unknown_coding"};
  }
  return {Action::decode, facts.last, "decoded"};
}

Reply Decompress::handle(Exchange& exchange, Next next) const {
  RequestHead& request = exchange.request;
  const DecompressFacts facts = decompress_facts_of(request);
  const DecompressVerdict verdict = decide_decompress(facts);
  if (verdict.action != Action::pass) {
    exchange.record({.room = "decompress",
                     .verdict = name_of(verdict.action),
                     .subject = text_of(verdict.coding),
                     .reason = verdict.reason,
                     .place = options_.place},
                    facts);
  }
  if (verdict.action == Action::refuse) return refuse();
  if (verdict.action == Action::decode) {
    forget_coding(request.fields);
    request.framing = {.kind = Framing::Kind::chunked};
    exchange.request_body = BodyPointer(exchange.arena.make<DecodedBody>(
        std::move(exchange.request_body), make_decoder(verdict.coding),
        DecodingBounds{.bytes = options_.bytes, .ratio = options_.ratio}, DecoderMemory::of(exchange.shard)));
  }
  return std::move(next)(exchange);
}

Effect Decompress::rehearse(ImaginedRequest& imagined) const {
  const DecompressVerdict verdict = decide_decompress(decompress_facts_of(imagined.head));
  switch (verdict.action) {
    case Action::pass:
      return {.text = fmt::format("passes the body on as it is: {}", verdict.reason)};
    case Action::decode:
      forget_coding(imagined.head.fields);
      return {.text = fmt::format("decodes the body from {}, up to {} and {} times its size", text_of(verdict.coding),
                                  option::shown_bytes(options_.bytes), options_.ratio)};
    case Action::refuse:
      return {.text = fmt::format("refuses the body: {}", verdict.reason),
              .answers = true,
              .status = status_of(unsupported)};
  }
  return {};
}

// ---- options ----

namespace {

bool keep_place(const Node& node, const Reading&, DecompressOptions& options) {
  options.place = node.place();
  return true;
}

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  const auto options = DecompressOptions::schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<Decompress>(*options);
}

}  // namespace

const Schema<DecompressOptions>& DecompressOptions::schema() {
  static const auto schema =
      Schema<DecompressOptions>("decompress", "Decodes request bodies in gzip, br or zstd, within bounds.")
          .bytes("bytes", &DecompressOptions::bytes,
                 {.doc = "The largest decoded body; beyond: 413 body_too_large.", .example = "50MiB", .minimum = 1})
          .option("ratio", &DecompressOptions::ratio,
                  {.doc = "How many times its size a body may become, looked at from 64 KiB on; beyond: 413 "
                          "body_expands_too_much.",
                   .example = "20",
                   .minimum = 1,
                   .maximum = 100'000})
          .check(&keep_place);
  return schema;
}

const FilterKind& decompress_filter() {
  static constexpr FilterKind kind{.name = "decompress", .schema = &schema_of<DecompressOptions>, .build = &build};
  return kind;
}

}  // namespace weir

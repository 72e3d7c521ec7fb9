// The filter: wish, answer, verdict, body.
#include "filters/compress/compress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "filters/compress/compressed_body.h"
#include "filters/compress/validators.h"
#include "http/vary.h"

namespace weir {
namespace {

/// The length of the content as far as it is declared; that of a HEAD stands in its field.
ByteCount declared_length(const ResponseHead& head) {
  if (head.framing.kind == Framing::Kind::length) return head.framing.length;
  return text::parse_decimal(head.fields.get(FieldName::content_length)).value_or(unbounded);
}

}  // namespace

Compress::Wish Compress::wish_of(const Fields& request) const {
  return {.wanted = AcceptedCodings::of(request).best_of(options_.encodings),
          .names_codings = request.has(FieldName::accept_encoding),
          .no_transform = forbids_transforming(request),
          .tags = request.get(FieldName::if_none_match)};
}

Reply Compress::handle(Exchange& exchange, Next next) const {
  const Wish wish = wish_of(exchange.request.fields);
  add_plain_tags(exchange.request.fields);
  CO_TRY(Answer answer, co_await std::move(next)(exchange));
  if (answer.head.status == 304) {
    if (restore_tag(answer.head.fields, wish.tags, wish.wanted)) add_vary(answer.head.fields, "accept-encoding");
    co_return answer;
  }
  compress(exchange, answer, wish);
  co_return answer;
}

CompressionFacts Compress::facts_of(const Exchange& exchange, const Answer& answer, const Wish& wish) const {
  const Fields& fields = answer.head.fields;
  Encoders& encoders = Encoders::of(exchange.shard);
  const bool may_compress = wish.wanted != ContentCoding::identity;
  const bool memory_left = !may_compress || encoders.has_room_for(encoder_kind(wish.wanted, options_.effort));
  const bool adapts = options_.adapt && may_compress && answer.body != nullptr;
  return {.length = declared_length(answer.head),
          .minimum = options_.minimum,
          .status = answer.head.status,
          .wanted = wish.wanted,
          .names_codings = wish.names_codings,
          .has_content = answer.body != nullptr || exchange.request.method == Method::head,
          .coded = fields.has(FieldName::content_encoding),
          .no_transform = wish.no_transform || forbids_transforming(fields),
          .type_listed = types_.holds(fields.get(FieldName::content_type)),
          .memory_left = memory_left,
          .effort = {.configured = options_.effort,
                     .adapts = options_.adapt,
                     .busy = adapts ? encoders.load().busy(exchange.shard.reactor.now()) : 0}};
}

void Compress::compress(Exchange& exchange, Answer& answer, const Wish& wish) const {
  CompressionFacts facts = facts_of(exchange, answer, wish);
  CompressionVerdict verdict = decide_compression(facts);
  if (verdict.varies) add_vary(answer.head.fields, "accept-encoding");
  if (verdict.coding != ContentCoding::identity && answer.body != nullptr) {
    facts.beginning = wrap_body(exchange, answer, verdict);
    verdict = decide_compression(facts);
  }
  const bool compressed = verdict.coding != ContentCoding::identity;
  if (compressed) mark_as_coded(answer.head.fields, verdict.coding);
  // The length that HEAD is told would be the plain one's (RFC 9110 section 8.6).
  if (compressed && answer.body == nullptr) answer.head.framing = {.kind = Framing::Kind::chunked};
  exchange.record({.room = "compress",
                   .verdict = compressed ? text_of(verdict.coding) : "plain",
                   .subject = compressed ? name_of(verdict.effort) : std::string_view(),
                   .reason = verdict.reason,
                   .place = {}},
                  facts);
}

BodyBeginning Compress::wrap_body(Exchange& exchange, Answer& answer, const CompressionVerdict& verdict) const {
  auto* const body = exchange.arena.make<CompressedBody>(std::move(answer.body), Encoders::of(exchange.shard),
                                                         encoder_kind(verdict.coding, verdict.effort), verdict.effort);
  BodyPointer owned(body);
  const BodyBeginning beginning = body->begin(options_.minimum);
  if (beginning == BodyBeginning::too_small || beginning == BodyBeginning::no_gain) {
    const std::string_view plain = exchange.arena.copy(body->plain());
    answer.head.framing = {.kind = Framing::Kind::length, .length = plain.size()};
    answer.body = BodyPointer(exchange.arena.make<FixedBody>(plain));
    return beginning;
  }
  answer.head.framing = beginning == BodyBeginning::whole
                            ? Framing{.kind = Framing::Kind::length, .length = body->size()}
                            : Framing{.kind = Framing::Kind::chunked};
  answer.body = std::move(owned);
  return beginning;
}

Effect Compress::rehearse(ImaginedRequest& imagined) const {
  const Wish wish = wish_of(imagined.head.fields);
  add_plain_tags(imagined.head.fields);
  // The answer is imagined as one that is worth it: what is left to decide is the request's part.
  const CompressionVerdict verdict = decide_compression({.wanted = wish.wanted,
                                                         .names_codings = wish.names_codings,
                                                         .has_content = true,
                                                         .no_transform = wish.no_transform,
                                                         .type_listed = true});
  if (verdict.coding == ContentCoding::identity) {
    return {.text = fmt::format("leaves the answer as it is: {}", verdict.reason)};
  }
  return {.text =
              fmt::format("compresses the answer with {}, effort {}, if it has {} or more of a listed type",
                          text_of(verdict.coding), name_of(options_.effort), option::shown_bytes(options_.minimum))};
}

// ---- options ----

bool OptionType<ContentCoding>::read(const Node& node, const Reading& at, ContentCoding& out) {
  static const std::vector<std::string_view> words{"zstd", "br", "gzip"};
  std::size_t index = 0;
  if (!option::read_word(node, at, words, index)) return false;
  out = *content_coding(words[index]);
  return true;
}

namespace {

std::string types_complaint(const std::vector<std::string>& types) {
  for (const std::string& type : types) {
    if (!TypeList::is_type_pattern(type)) {
      return fmt::format("has \"{}\", which is no media type; write text/html, text/* or *+json", type);
    }
  }
  return {};
}

bool check_options(const Node& node, const Reading& reading, CompressOptions& options) {
  if (options.encodings.empty() || options.types.empty()) {
    return reading.error(node, "an empty list: this would compress nothing", "leave the filter out");
  }
  return true;
}

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  auto options = CompressOptions::schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<Compress>(std::move(*options));
}

}  // namespace

const Schema<CompressOptions>& CompressOptions::schema() {
  static const auto schema =
      Schema<CompressOptions>("compress", "Compresses answers for clients that want it, while they pass.")
          .option("encodings", &CompressOptions::encodings,
                  {.doc = "The codings offered; among those a client likes equally well the first one wins.",
                   .example = "[br, gzip]"})
          .choice("effort", &CompressOptions::effort,
                  {{"low", Effort::low}, {"medium", Effort::medium}, {"high", Effort::high}},
                  {.doc = "How much processor time a smaller answer is worth.", .example = "high"})
          .option("adapt", &CompressOptions::adapt,
                  {.doc = "Whether a core that is busy makes less effort.", .example = "false"})
          .bytes("minimum", &CompressOptions::minimum,
                 {.doc = "Answers with fewer bytes are left alone: they fit into one packet either way.",
                  .example = "512B",
                  .maximum = mebibyte})
          .option("types", &CompressOptions::types,
                  {.doc = "Media types that are worth it: by name, by family (text/*) or by suffix (*+json).",
                   .example = "[text/*, application/json]",
                   .complaint = &types_complaint})
          .check(&check_options);
  return schema;
}

const FilterKind& compress_filter() {
  static constexpr FilterKind kind{.name = "compress", .schema = &schema_of<CompressOptions>, .build = &build};
  return kind;
}

}  // namespace weir

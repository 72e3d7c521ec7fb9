// Compresses answers on their way to clients that want it: zstd, br, gzip.
//
// Idea: decision.h says whether and how, from facts alone; validators.h keeps tags, vary and digests true;
// compressed_body.h does the work while the body is pulled; encoders.h lends it its memory. This file puts the four
// around the rest of the chain.
#pragma once

#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "filters/compress/decision.h"

namespace weir {

/// A coding that Weir can write, by its name in content-encoding.
template <>
struct OptionType<ContentCoding> {
  static std::string name() { return "zstd, br or gzip"; }
  static bool read(const Node& node, const Reading& at, ContentCoding& out);
  static std::string shown(ContentCoding coding) { return std::string(text_of(coding)); }
};

struct CompressOptions {
  std::vector<ContentCoding> encodings{ContentCoding::zstd, ContentCoding::brotli, ContentCoding::gzip};
  Effort effort = Effort::medium;
  bool adapt = true;
  ByteCount minimum = kibibyte;
  std::vector<std::string> types{"text/*",
                                 "*+json",
                                 "*+xml",
                                 "application/json",
                                 "application/javascript",
                                 "application/xml",
                                 "application/x-ndjson",
                                 "application/wasm",
                                 "application/vnd.ms-fontobject",
                                 "font/ttf",
                                 "font/otf",
                                 "image/bmp",
                                 "image/x-icon",
                                 "image/vnd.microsoft.icon"};
  static const Schema<CompressOptions>& schema();
};

class Compress final : public Filter {
 public:
  explicit Compress(CompressOptions options) : options_(std::move(options)), types_(options_.types) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  /// What the request says about it, read before anybody else changes it.
  struct Wish {
    ContentCoding wanted = ContentCoding::identity;
    bool names_codings = false;
    bool no_transform = false;
    std::string_view tags;  ///< If-None-Match
  };
  [[nodiscard]] Wish wish_of(const Fields& request) const;
  [[nodiscard]] CompressionFacts facts_of(const Exchange& exchange, const Answer& answer, const Wish& wish) const;
  void compress(Exchange& exchange, Answer& answer, const Wish& wish) const;
  /// Puts the compressed body, or the plain one where that is better, in the place of the answer's.
  BodyBeginning wrap_body(Exchange& exchange, Answer& answer, const CompressionVerdict& verdict) const;

  CompressOptions options_;
  TypeList types_;
};

const FilterKind& compress_filter();

}  // namespace weir

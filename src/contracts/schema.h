// One declaration per option, from which all else follows.
//
// Problem: validation, reference pages, editors' schemas and the code that reads an option drift apart when each says
// for itself what the option is.
// Idea: a plug-in declares each option of its options struct once: name, member, doc, example, bounds. The type and its
// unit come from the member, the default from a default-made struct. The same table reads, complains and describes.
//
//   struct RewriteOptions {
//     std::string strip_prefix;
//     static const Schema<RewriteOptions>& schema();
//   };
//   const Schema<RewriteOptions>& RewriteOptions::schema() {
//     static const auto schema =
//         Schema<RewriteOptions>("rewrite", "Changes the target before it is forwarded.")
//             .option("strip_prefix", &RewriteOptions::strip_prefix,
//                     {.doc = "Taken away from the front of the path.", .example = "/cart"});
//     return schema;
//   }
//   std::optional<RewriteOptions> options = RewriteOptions::schema().read(node, reading);   // errors are in `reading`
//
// Invariants
//   (1) Reading never stops at the first error; what it could not read keeps its default.
//   (2) A name that is not declared is an error with "did you mean".
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contracts/option_type.h"

namespace weir {

/// What the documentation of one option says. Generated pages are made of these and nothing else.
struct OptionInfo {
  std::string name;
  std::string type;           ///< "duration", "list of address", "json or combined"
  std::string default_value;  ///< as one would write it; empty when required
  std::string bounds;         ///< "1 to 65535"; empty when every value of the type will do
  std::string doc;
  std::string example;
  bool required = false;
  const SchemaBase* nested = nullptr;  ///< the options below this one, or of each item or value; or null
  std::vector<std::string> words;      ///< all there are, where the value is one word of a few
};

/// Numbers, times and sizes have an order and may have bounds; other types may not.
template <typename T>
concept Bounded = (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, Duration>;

struct NoBound {};

/// What an option says about itself beside its name and member.
template <typename T>
struct About {
  std::string_view doc;           ///< one sentence
  std::string_view example = {};  ///< a value as one would write it
  bool required = false;
  /// What holds when nothing is written, for options that no member tells it of (custom ones).
  std::string_view default_value = {};
  std::conditional_t<Bounded<T>, std::optional<T>, NoBound> minimum{};
  std::conditional_t<Bounded<T>, std::optional<T>, NoBound> maximum{};
  /// Says what is wrong with a value of the right type ("is not a token"); empty when nothing is.
  std::string (*complaint)(const T&) = nullptr;
};

/// The untyped half of a schema: the table and the loop over a map.
class SchemaBase {
 public:
  SchemaBase(std::string_view name, std::string_view doc) : name_(name), doc_(doc) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& doc() const { return doc_; }
  [[nodiscard]] std::vector<OptionInfo> options() const;
  [[nodiscard]] std::vector<std::string_view> option_names() const;
  [[nodiscard]] bool has_shorthand() const { return shorthand_ != nullptr; }
  /// What a value that is no map stands for; empty when there is no shorthand, or it is a function.
  [[nodiscard]] const std::string& shorthand_option() const { return shorthand_option_; }
  /// Whether names that are not declared are somebody else's and no mistake.
  [[nodiscard]] bool takes_others() const { return rest_ != nullptr; }

 protected:
  using ReadNode = std::function<bool(const Node&, const Reading&, void* object)>;
  using ReadRest = std::function<bool(const Node::Member&, const Reading&, void* object)>;
  struct Entry {
    OptionInfo info;
    ReadNode read;
  };

  bool read_object(const Node& node, const Reading& reading, void* object) const;
  void add(OptionInfo info, ReadNode read);
  /// The reader of an option declared above.
  [[nodiscard]] const ReadNode& reader_of(std::string_view name) const;

  std::string name_;
  std::string doc_;
  std::vector<Entry> entries_;
  ReadNode shorthand_;
  std::string shorthand_option_;
  ReadRest rest_;
  std::vector<ReadNode> checks_;

 private:
  bool read_members(const Node& node, const Reading& reading, void* object) const;
  bool unknown_option(const Node::Member& member, const Reading& reading) const;
};

/// All options of a schema and of those nested in it, one per line: `name: type = default (bounds). Doc. Example: x`.
std::string describe(const SchemaBase& schema);

template <typename T>
class Schema : public SchemaBase {
 public:
  /// \param name  of the filter, service or section, as it stands in a configuration; \param doc  one sentence
  Schema(std::string_view name, std::string_view doc) : SchemaBase(name, doc) {}

  /// An option whose type says it all: see option_type.h. Structs with their own schema() nest.
  template <typename M>
  Schema&& option(std::string_view name, M T::* member, std::type_identity_t<About<M>> about) &&;

  /// A size: `10MiB`, `256B`, `none`.
  Schema&& bytes(std::string_view name, ByteCount T::* member, About<ByteCount> about) &&;

  /// One word of a few: `.choice("format", &Log::format, {{"json", Format::json}, {"combined", Format::combined}},
  /// ...)`.
  template <typename M>
  Schema&& choice(std::string_view name, M T::* member,
                  std::initializer_list<std::pair<std::string_view, std::type_identity_t<M>>> words,
                  About<NoBound> about) &&;

  /// A struct that cannot carry its own schema() because it lives on a lower floor. `nested` must live for ever.
  template <typename M>
  Schema&& nested(std::string_view name, M T::* member, const Schema<M>& nested, About<NoBound> about) &&;

  /// Anything else; the function returns false after adding errors.
  /// \param type    what the documentation calls it: "map", "list of listener"
  /// \param nested  the options of the value, or of each item or value, when they have a schema; must live for ever
  Schema&& custom(std::string_view name, std::string_view type,
                  std::function<bool(const Node&, const Reading&, T&)> read, About<NoBound> about,
                  const SchemaBase* nested = nullptr) &&;

  /// A value that is no map stands for this option: `body_limit: 1MiB` for `body_limit: { bytes: 1MiB }`.
  Schema&& shorthand(std::string_view option_name) &&;
  /// A value that is no map is read by this function: `respond: 204` and `respond: "text"`.
  Schema&& shorthand(std::function<bool(const Node&, const Reading&, T&)> read) &&;

  /// Names that are not declared go here instead of being errors (a route's service stands under its own name).
  Schema&& rest(std::function<bool(const Node::Member&, const Reading&, T&)> read) &&;

  /// A rule between options, called only when all of them could be read. For one option use About::complaint.
  Schema&& check(std::function<bool(const Node&, const Reading&, T&)> rule) &&;

  /// The options at `node`; nothing when there was an error, which then is in the reading's diagnostics.
  /// An absent value (`filters: [compress]`) is an empty map: all defaults.
  [[nodiscard]] std::optional<T> read(const Node& node, const Reading& reading) const {
    T options{};
    if (!read_object(node, reading, &options)) return {};
    return options;
  }
  /// The same into a struct that has values already; false when there was an error.
  bool read_into(const Node& node, const Reading& reading, T& options) const {
    return read_object(node, reading, &options);
  }

 private:
  template <typename About>
  static OptionInfo info_of(std::string_view name, std::string type, const About& about, std::string default_value);
  static ReadNode typed(std::function<bool(const Node&, const Reading&, T&)> read) {
    return [read = std::move(read)](const Node& node, const Reading& at, void* object) {
      return read(node, at, *static_cast<T*>(object));
    };
  }
};

template <typename T>
concept HasSchema = requires {
  { T::schema() } -> std::same_as<const Schema<T>&>;
};

/// A struct that declares its own schema is an option type like any other.
template <HasSchema T>
struct OptionType<T> {
  static std::string name() { return T::schema().name(); }
  static bool read(const Node& node, const Reading& at, T& out) { return T::schema().read_into(node, at, out); }
  static std::string shown(const T&) { return ""; }
  static const SchemaBase* nested() { return &T::schema(); }
};

}  // namespace weir

#include "contracts/schema_builder.h"  // the templates' bodies

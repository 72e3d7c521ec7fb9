// The JSON Schema: what an editor needs to complete keys and to complain while one types.
//
// Idea: each chapter is a definition; an option's type, which is a word for people, is translated by its grammar ("list
// of", "map of", "or none") down to a few basic types. What a schema cannot say (does that upstream exist?) is left to
// `weir check`; a type this page does not know accepts everything, so that no right file is ever complained about.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "app/catalog.h"
#include "app/json_writer.h"
#include "app/reference/chapters.h"
#include "app/reference/generated.h"
#include "base/text.h"

namespace weir::reference {
namespace {

constexpr std::string_view expansion = R"(\\$\\{(env|file):[^}]*\\})";  // ${env:NAME} may stand for any scalar

std::string quoted(std::string_view text) {
  std::string out;
  text::append_json_string(out, text);
  return out;
}

std::string reference_to(std::string_view definition) {
  return fmt::format(R"({{"$ref":{}}})", quoted(fmt::format("#/$defs/{}", definition)));
}

std::string pattern(std::string_view regular_expression) {
  return fmt::format(R"({{"type":"string","pattern":"({})|{}"}})", regular_expression, expansion);
}

/// `${env:NAME}` alone.
std::string expanded() {
  return fmt::format(R"({{"type":"string","pattern":"{}"}})", expansion);
}

/// What one scalar type looks like; nothing for types that only their reader knows.
std::optional<std::string> scalar_schema(std::string_view type) {
  if (type == "text" || type == "address" || type == "host" || type == "path" || type == "listener name")
    return R"({"type":["string","number","boolean"]})";
  if (type == "true or false") return fmt::format(R"({{"anyOf":[{{"type":"boolean"}},{}]}})", expanded());
  if (type == "number") return fmt::format(R"({{"anyOf":[{{"type":"integer"}},{}]}})", expanded());
  if (type == "duration") return pattern("^(none|[0-9]+(ns|us|ms|s|m|h|d))$");
  if (type == "size") return pattern("^(none|[0-9]+(B|KiB|MiB|GiB|TiB))$");
  if (type == "rate") return pattern("^[0-9]+/(ms|s|m|h|d)$");
  if (type == "bytes per second") return pattern("^(none|[0-9]+(B|KiB|MiB|GiB|TiB)/s)$");
  if (type == "IP address" || type == "block of addresses") return R"({"type":"string"})";
  return {};
}

class SchemaWriter {
 public:
  std::string write() {
    std::string definitions;
    const std::vector<Chapter> all = chapters();
    for (const Chapter& chapter : all) names_.try_emplace(chapter.schema, definition_name(chapter));
    std::map<std::string, bool> written;
    for (const Chapter& chapter : all) {
      const std::string& name = names_.at(chapter.schema);
      if (!written.try_emplace(name, true).second) continue;
      definitions += fmt::format("{}:{},", quoted(name), object_schema(*chapter.schema));
    }
    definitions += fmt::format(R"("filter":{},"balancer":{})", plugin_use(filter_kinds(), "use", "filter"),
                               plugin_use(balancer_kinds(), "", "balancer"));
    return fmt::format(
        R"({{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"weir.yaml",)"
        R"("description":"Configuration of Weir. Made from the declarations of the options by ./dev generate.",)"
        R"("$ref":"#/$defs/configuration","$defs":{{{}}}}})",
        definitions);
  }

 private:
  static std::string definition_name(const Chapter& chapter) {
    if (chapter.path.empty()) return "configuration";
    const std::string_view prefix = chapter.kind == ChapterKind::filter     ? "filter."
                                    : chapter.kind == ChapterKind::service  ? "service."
                                    : chapter.kind == ChapterKind::balancer ? "balancer."
                                                                            : "";
    std::string name(prefix);
    for (const char c : chapter.path) {
      if (c != '[' && c != ']') name += c;
    }
    return name;
  }

  /// A map, and what may stand for it: nothing (`filters: [compress]`), or any value where there is a shorthand. Said
  /// without alternatives, so that an editor complains at the option and not about the whole.
  static std::string_view kinds_of(const SchemaBase& schema) {
    if (schema.takes_others()) return R"("type":"object",)";
    return schema.has_shorthand() ? "" : R"("type":["object","null"],)";
  }

  std::string object_schema(const SchemaBase& schema) {
    std::string properties;
    std::string required;
    for (const OptionInfo& option : schema.options()) {
      properties += fmt::format("{}{}:{}", properties.empty() ? "" : ",", quoted(option.name), option_schema(option));
      if (option.required) required += (required.empty() ? "" : ",") + quoted(option.name);
    }
    std::string out = fmt::format(R"({{{}"description":{})", kinds_of(schema), quoted(schema.doc()));
    // What stands under a name nobody declared is a route's service: exactly one of them.
    std::string choices;
    if (schema.takes_others()) {
      for (const ServiceKind* service : service_kinds()) {
        properties += fmt::format(",{}:{}", quoted(service->name), plugin_reference(service->schema()));
        choices += fmt::format(R"({}{{"required":[{}]}})", choices.empty() ? "" : ",", quoted(service->name));
      }
    }
    out += fmt::format(R"(,"properties":{{{}}},"additionalProperties":false)", properties);
    if (!required.empty()) out += fmt::format(R"(,"required":[{}])", required);
    if (!choices.empty()) out += fmt::format(R"(,"oneOf":[{}])", choices);
    return out + "}";
  }

  std::string plugin_reference(const SchemaBase& schema) { return reference_to(names_.at(&schema)); }

  std::string option_schema(const OptionInfo& option) {
    std::string value = value_schema(option.type, option);
    value.pop_back();  // the brace: the rest is about the option
    const std::string comma = value == "{" ? "" : ",";
    value += fmt::format(R"({}"description":{})", comma, quoted(option.doc));
    if (!option.default_value.empty()) value += fmt::format(R"(,"default":{})", quoted(option.default_value));
    return value + "}";
  }

  std::string value_schema(std::string_view type, const OptionInfo& option) {
    if (type.starts_with("list of ")) {
      const std::string item = value_schema(type.substr(8), option);
      // Of filters and routes there is always a list, even of one.
      if (type == "list of filter" || type == "list of route")
        return fmt::format(R"({{"type":["array","null"],"items":{}}})", item);
      return fmt::format(R"({{"if":{{"type":["array","null"]}},"then":{{"items":{}}},"else":{}}})", item, item);
    }
    if (type.starts_with("map of "))
      return fmt::format(R"({{"type":"object","additionalProperties":{{"anyOf":[{},{{"type":"null"}}]}}}})",
                         value_schema(type.substr(7), option));
    if (type == "filter" || type == "balancer") return reference_to(type);
    if (option.nested != nullptr) return reference_to(names_.at(option.nested));
    if (!option.words.empty()) return words_schema(option.words);
    if (type.ends_with(" or none")) {
      return fmt::format(R"({{"anyOf":[{},{{"const":"none"}}]}})",
                         value_schema(type.substr(0, type.size() - 8), option));
    }
    return scalar_schema(type).value_or("{}");
  }

  static std::string words_schema(const std::vector<std::string>& words) {
    std::string listed;
    for (const std::string& word : words) {
      listed += (listed.empty() ? "" : ",") + quoted(word);
      // YAML of 2005 takes these for booleans, and so do some editors.
      if (word == "on") listed += ",true";
      if (word == "off") listed += ",false";
      // `status: 308` is a number to everybody but Weir, which reads words.
      if (text::parse_decimal(word)) listed += "," + word;
    }
    return fmt::format(R"({{"enum":[{}]}})", listed);
  }

  /// A name alone, or a map of one name and its options.
  template <typename Kinds>
  std::string plugin_use(const Kinds& kinds, std::string_view also, std::string_view what) {
    std::string names;
    std::string properties;
    for (const auto* kind : kinds) {
      names += (names.empty() ? "" : ",") + quoted(kind->name);
      properties +=
          fmt::format("{}{}:{}", properties.empty() ? "" : ",", quoted(kind->name), plugin_reference(kind->schema()));
    }
    if (!also.empty()) properties += fmt::format(R"(,{}:{{"type":"string"}})", quoted(also));
    return fmt::format(R"({{"description":"A {}: its name, or its name and its options.","anyOf":[{{"enum":[{}]}},)"
                       R"({{"type":"object","properties":{{{}}},"additionalProperties":false,)"
                       R"("minProperties":1,"maxProperties":1}}]}})",
                       what, names, properties);
  }

  std::map<const SchemaBase*, std::string> names_;
};

/// Where the list or map that opens at `begin` ends, when it has no other in it and is short; else npos.
std::size_t end_of_leaf(std::string_view json, std::size_t begin) {
  bool in_text = false;
  for (std::size_t at = begin + 1; at < json.size() && at - begin < 80; ++at) {
    const char c = json[at];
    if (in_text && c == '\\')
      ++at;
    else if (c == '"')
      in_text = !in_text;
    else if (!in_text && (c == '{' || c == '['))
      return std::string_view::npos;
    else if (!in_text && (c == '}' || c == ']'))
      return at;
  }
  return std::string_view::npos;
}

/// JSON on many lines, so that a change can be read: a step of two blanks per level; short leaves stay on their line.
std::string laid_out(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_text = false;
  const auto new_line = [&] { out += '\n' + std::string(depth * 2, ' '); };
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (in_text) {
      out += c;
      if (c == '\\') out += json[++at];
      in_text = c != '"';
      continue;
    }
    switch (c) {
      case '{':
      case '[': {
        if (const std::size_t end = end_of_leaf(json, at); end != std::string_view::npos) {
          out += json.substr(at, end - at + 1);
          at = end;
          break;
        }
        out += c;
        ++depth;
        new_line();
        break;
      }
      case '}':
      case ']':
        --depth;
        new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      case ':':
        out += ": ";
        break;
      default:
        out += c;
        in_text = c == '"';
    }
  }
  return out + '\n';
}

}  // namespace

std::string json_schema() {
  return laid_out(SchemaWriter().write());
}

}  // namespace weir::reference

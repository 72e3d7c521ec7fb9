// Escaping, and numbers as Prometheus writes them.
#include "app/admin/exposition.h"

#include <fmt/format.h>

namespace weir {
namespace {

void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && in_quotes)
      out += "\\\"";
    else
      out += c;
  }
}

}  // namespace

Exposition& Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(out_), "# HELP {} ", name);
  append_escaped(out_, help, false);
  fmt::format_to(std::back_inserter(out_), "\n# TYPE {} {}\n", name, type);
  return *this;
}

void Exposition::begin_sample(std::string_view suffix, Labels labels) {
  out_ += name_;
  out_ += suffix;
  if (labels.size() == 0) return;
  char separator = '{';
  for (const auto& [label, value] : labels) {
    out_ += separator;
    out_ += label;
    out_ += "=\"";
    append_escaped(out_, value, true);
    out_ += '"';
    separator = ',';
  }
  out_ += '}';
}

void Exposition::end_sample(std::string_view value) {
  out_ += ' ';
  out_ += value;
  out_ += '\n';
}

Exposition& Exposition::sample(Labels labels, std::uint64_t value) {
  begin_sample({}, labels);
  end_sample(fmt::format("{}", value));
  return *this;
}

Exposition& Exposition::sample(Labels labels, double value) {
  begin_sample({}, labels);
  end_sample(fmt::format("{}", value));
  return *this;
}

Exposition& Exposition::histogram(std::string_view label, std::string_view label_value, std::span<const double> bounds,
                                  std::span<const std::uint64_t> counts, double sum) {
  std::uint64_t so_far = 0;
  for (std::size_t at = 0; at < counts.size(); ++at) {
    so_far += counts[at];
    const std::string bound = at < bounds.size() ? fmt::format("{}", bounds[at]) : "+Inf";
    begin_sample("_bucket", {{label, label_value}, {"le", bound}});
    end_sample(fmt::format("{}", so_far));
  }
  begin_sample("_sum", {{label, label_value}});
  end_sample(fmt::format("{}", sum));
  begin_sample("_count", {{label, label_value}});
  end_sample(fmt::format("{}", so_far));
  return *this;
}

}  // namespace weir

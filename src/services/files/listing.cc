// Reading a directory, and writing it down.
#include "services/files/listing.h"

#include <dirent.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>

#include "base/limits.h"
#include "base/text.h"
#include "http/html.h"

namespace weir::files {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// A relative reference to `name`; the dot in front keeps `a:b` from being a scheme (RFC 3986 section 4.2).
void append_reference(std::string& out, std::string_view name, bool directory) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  out += "./";
  for (const char c : name) {
    if (text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0xF];
    }
  }
  if (directory) out += '/';
}

std::string date_text(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(time));
}

std::string size_text(ByteCount bytes) {
  constexpr std::string_view units = "KMGTPE";
  if (bytes < kibibyte) return fmt::format("{} B", bytes);
  auto shown = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (shown /= 1024; shown >= 1024 && unit + 1 < units.size(); ++unit) shown /= 1024;
  return fmt::format("{:.1f} {}iB", shown, units[unit]);
}

}  // namespace

Result<Listing> read_directory(const std::string& root, const std::string& name, bool dotfiles) {
  const Result<Opened> opened = *open_beneath(root, name, Patience::wait);
  if (!opened) return fail(opened.error());
  const int number = ::dup(opened->descriptor.number());
  const std::unique_ptr<DIR, CloseDirectory> directory(number < 0 ? nullptr : ::fdopendir(number));
  if (directory == nullptr) {
    if (number >= 0) ::close(number);
    return fail(Error{.code = Code::io_failed, .origin = Origin::gateway, .os_error = errno});
  }
  Listing listing;
  while (const dirent* found = ::readdir(directory.get())) {
    const std::string_view entry_name = found->d_name;
    if (entry_name == "." || entry_name == ".." || (entry_name.starts_with('.') && !dotfiles)) continue;
    if (listing.entries.size() == limits::listing_entries) {
      listing.complete = false;
      break;
    }
    const std::string path = name.empty() ? std::string(entry_name) : name + "/" + std::string(entry_name);
    const auto entry = *open_beneath(root, path, Patience::wait);
    if (!entry || entry->facts.kind == FileFacts::Kind::other) continue;
    const bool is_directory = entry->facts.kind == FileFacts::Kind::directory;
    listing.entries.push_back({.name = std::string(entry_name),
                               .directory = is_directory,
                               .bytes = is_directory ? 0 : entry->facts.bytes,
                               .modified = entry->facts.modified});
  }
  std::ranges::sort(listing.entries, [](const ListingEntry& left, const ListingEntry& right) {
    return left.directory != right.directory ? left.directory : left.name < right.name;
  });
  return listing;
}

std::string render_html(std::string_view path, const Listing& listing) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
  append_html(page, path);
  page += "</title>\n</head>\n<body>\n<h1>";
  append_html(page, path);
  page += "</h1>\n<table>\n";
  if (path != "/") page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
  for (const ListingEntry& entry : listing.entries) {
    page += "<tr><td><a href=\"";
    append_reference(page, entry.name, entry.directory);
    page += "\">";
    append_html(page, entry.name);
    if (entry.directory) page += '/';
    page += "</a></td><td>" + (entry.directory ? std::string() : size_text(entry.bytes)) + "</td><td>" +
            date_text(entry.modified) + "</td></tr>\n";
  }
  page += "</table>\n";
  if (!listing.complete) page += fmt::format("<p>Only {} entries are shown.</p>\n", listing.entries.size());
  return page + "</body>\n</html>\n";
}

std::string render_json(const Listing& listing) {
  std::string out = "[";
  for (const ListingEntry& entry : listing.entries) {
    out += out.size() > 1 ? ",\n {\"name\":" : "{\"name\":";
    text::append_json_string(out, entry.name);
    out += entry.directory ? R"(,"type":"directory")" : fmt::format(R"(,"type":"file","bytes":{})", entry.bytes);
    out += ",\"modified\":\"" + date_text(entry.modified) + "\"}";
  }
  return out + "]\n";
}

}  // namespace weir::files

// The steps of a start without the start: read the files, then compile what they say.
#include "app/commands/load.h"

#include "app/config/include.h"
#include "app/wall_clock.h"

namespace weir {

LoadedConfiguration load_configuration(const std::string& file) {
  config::SystemSource source;
  return load_configuration(file, source);
}

LoadedConfiguration load_configuration(const std::string& file, config::Source& source) {
  LoadedConfiguration loaded;
  config::FileCache cache;
  loaded.document = config::load_document(file, source, plugin_names(), cache, {}, loaded.diagnostics);
  ListenerNumbers numbers;
  for (const config::ListenerDocument& listener : loaded.document.listeners) {
    const std::uint16_t number = numbers.number_of(listener.name);
    if (number == loaded.listener_names.size()) loaded.listener_names.push_back(listener.name);
  }
  Compiler compiler;
  loaded.gateway = compiler.compile(loaded.document, numbers, wall_now(), loaded.diagnostics);
  if (loaded.diagnostics.has_errors()) loaded.gateway = nullptr;
  loaded.diagnostics.sort();
  return loaded;
}

}  // namespace weir

// The name of the code first, then what is said beyond it.
#include "base/error_text.h"

namespace weir {

std::string text_of(const Error& error) {
  std::string text(name_of(error.code));
  text += ": ";
  text += error.text != nullptr ? std::string_view(error.text) : sentence_of(error.code);
  return text;
}

}  // namespace weir

#include "distributed/host_list.h"

namespace tandem {

std::string first_host(std::string_view list) {
  std::string host;
  for (size_t i = 0; i < list.size() && list[i] != ','; ++i) {
    if (list[i] != '[') {
      host += list[i];
      continue;
    }
    const size_t end = list.find(']', i);
    const std::string_view range = list.substr(i + 1, end - i - 1);
    host += range.substr(0, range.find_first_of("-,"));
    if (end == std::string_view::npos) break;
    i = end;
  }
  return host;
}

}  // namespace tandem

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <c10/core/ScalarType.h>

namespace tandem {

/// One tensor, as the header of a safetensors file describes it.
struct TensorEntry {
  std::string name;
  c10::ScalarType dtype = c10::ScalarType::Undefined;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  ///< Offsets into the data that follows the header.
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> entries;  ///< In the order of their data when checked.
  std::map<std::string, std::string> metadata;
};

/// The dtypes that a file may hold, by the name that the format gives them.
struct SafetensorsDtype {
  std::string_view name;
  c10::ScalarType dtype;
};
[[nodiscard]] const std::vector<SafetensorsDtype>& safetensors_dtypes();

/// Returns the length of the JSON header, which follows the first 8 bytes. `first_bytes` holds the
/// file's first 512 bytes, or all of a shorter file. Throws kCheckpoint, naming what the file is
/// when it is something else.
[[nodiscard]] uint64_t check_header_length(std::string_view first_bytes, uint64_t file_bytes,
                                           const std::string& where);

/// Returns what the JSON header says, after checking every rule of the format against `data_bytes`,
/// the size of what follows it; nothing else is allocated before. `where` names the file in
/// messages. Throws kCheckpoint.
[[nodiscard]] SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_bytes,
                                                         const std::string& where);

/// Returns the start of a file that holds `header`, offsets as they stand: length, JSON, spaces up
/// to a multiple of 64 bytes. Names and metadata must be valid UTF-8.
[[nodiscard]] std::string compose_safetensors_header(const SafetensorsHeader& header);

}  // namespace tandem

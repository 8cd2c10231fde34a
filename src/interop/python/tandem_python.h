#pragma once

#include "interop/reading/foreign_config.h"

namespace tandem {

/// Returns `config` as a model directory's config.json has it, without what concerns one machine's
/// training: files to start from, frozen layers.
[[nodiscard]] Json own_config_json(ModelConfig config);

/// Returns the files of a model that transformers opens through modeling_tandem.py.
[[nodiscard]] ForeignFiles write_tandem_config(const ModelConfig& config);

/// Read back what the Python files are given: the whole model from config.json, `data.transform`
/// from preprocessor_config.json. Throw kConfig as parse_model_config does.
void read_tandem_config(ConfigObject top, ForeignConfig& foreign);
void read_own_processor(ConfigObject processor, ForeignConfig& foreign);

}  // namespace tandem

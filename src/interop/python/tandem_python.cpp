#include "interop/python/tandem_python.h"

#include "interop/python/python_files.h"

namespace tandem {

Json own_config_json(ModelConfig config) {
  config.model.pretrained = config.model.text.pretrained = config.model.image.pretrained = "";
  config.model.text.preset = config.model.image.preset = config.transform.preset = "";
  config.model.text.freeze = config.model.image.freeze = false;
  config.model.text.unfreeze_last_layers = config.model.image.unfreeze_last_layers = 0;
  config.tokenizer.file = "";
  if (config.transform.background.empty()) config.transform.background = "white";
  return Json::parse(to_json(config));
}

ForeignFiles write_tandem_config(const ModelConfig& config) {
  Json top;
  top["architectures"] = {"TandemModel"};
  top["model_type"] = "tandem";
  top["auto_map"] = {{"AutoConfig", "modeling_tandem.TandemConfig"},
                     {"AutoModel", "modeling_tandem.TandemModel"}};
  top["projection_dim"] = config.model.embed_dim;
  top["dtype"] = "float32";
  top["tandem"] = own_config_json(config);
  ForeignFiles files{.layout = Layout::kTandem, .family = "Hugging Face, as modeling_tandem.py"};
  files.files.emplace_back("config.json", std::move(top));
  files.scripts.emplace_back("modeling_tandem.py", kModelingPython);
  return files;
}

void read_tandem_config(ConfigObject top, ForeignConfig& foreign) {
  foreign.layout = Layout::kTandem;
  foreign.family = "Hugging Face, as modeling_tandem.py";
  foreign.config = parse_model_config(top.raw("tandem").dump(), top.where() + ": tandem");
}

void read_own_processor(ConfigObject processor, ForeignConfig& foreign) {
  ImageEncoderOptions& image = foreign.config.model.image;
  image.mean = processor.three_numbers("image_mean", image.mean);
  image.std = processor.three_numbers("image_std", image.std);
  Json whole = Json::parse(to_json(foreign.config));
  whole["data"]["transform"] = processor.raw("tandem");
  foreign.config = parse_model_config(whole.dump(), processor.where() + ": tandem");
}

}  // namespace tandem

#pragma once

/// The whole library.

#include "tandem/config/load.h"
#include "tandem/core/device.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/data/loader.h"
#include "tandem/data/source.h"
#include "tandem/eval/evaluate.h"
#include "tandem/inference/pipeline.h"
#include "tandem/inference/precision_speed.h"
#include "tandem/interop/convert.h"
#include "tandem/interop/verify.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/model/clip_model.h"
#include "tandem/model/foreign_model.h"
#include "tandem/model/golden_sample.h"
#include "tandem/model/model_directory.h"
#include "tandem/optim/adamw.h"
#include "tandem/optim/schedule.h"
#include "tandem/train/trainer.h"
#include "tandem/version.h"

# Installs TANDEM_BUILD into SCRATCH, builds CONSUMER and the programs of PAGE against that copy, and runs them.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${output}")
  endif()
endfunction()

set(prefix ${SCRATCH}/prefix)
set(build ${SCRATCH}/build)
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${build})

run("Installing" ${CMAKE_COMMAND} --install ${TANDEM_BUILD} --prefix ${prefix})
run("Extracting the programs of ${PAGE}" ${PYTHON} ${CONSUMER}/../extract_programs.py ${PAGE} ${SCRATCH}/programs)
run("Configuring the consumer" ${CMAKE_COMMAND} -S ${CONSUMER} -B ${build} -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix}
  -DPROGRAMS=${SCRATCH}/programs -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE})
run("Building the consumer" ${CMAKE_COMMAND} --build ${build})
run("Running the consumer" ${build}/consumer ${SCRATCH}/runs)

# Each program of the page trains for a moment, as this configuration says; the one that encodes takes the model and an
# image of the others.
foreach(program own_data own_loss own_loop)
  file(WRITE ${SCRATCH}/${program}.json "{
    \"run\": {\"name\": \"${program}\", \"output_dir\": \"${SCRATCH}/runs\", \"device\": \"cpu\"},
    \"tokenizer\": {\"train_vocab_size\": 40},
    \"data\": {\"train\": {\"kind\": \"shapes\", \"shapes\": {\"count\": 256}}, \"batch_size\": 8},
    \"train\": {\"max_steps\": 4, \"log_every_steps\": 1}
  }")
  run("Running ${program}" ${build}/${program} ${SCRATCH}/${program}.json ${SCRATCH}/runs/${program})
  if(NOT EXISTS ${SCRATCH}/runs/${program}/model/model.safetensors)
    message(FATAL_ERROR "${program} left no model")
  endif()
endforeach()
run("Drawing an image" ${prefix}/bin/clip-data export --config ${SCRATCH}/own_loop.json --count 1 --output ${SCRATCH}/images)
file(GLOB_RECURSE images ${SCRATCH}/images/*.png)
run("Running encode" ${build}/encode ${SCRATCH}/runs/own_loop/model ${images})
foreach(program clip-train clip-zeroshot clip-eval clip-embed clip-tokenizer)
  run("Running the installed ${program}" ${prefix}/bin/${program} --version)
endforeach()

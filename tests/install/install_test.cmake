# Installs TANDEM_BUILD into SCRATCH, builds CONSUMER against that copy, and runs it.
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
run("Configuring the consumer" ${CMAKE_COMMAND} -S ${CONSUMER} -B ${build} -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix}
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE})
run("Building the consumer" ${CMAKE_COMMAND} --build ${build})
run("Running the consumer" ${build}/consumer ${SCRATCH}/runs)
foreach(program clip-train clip-zeroshot clip-eval clip-embed clip-tokenizer)
  run("Running the installed ${program}" ${prefix}/bin/${program} --version)
endforeach()

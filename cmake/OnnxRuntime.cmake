# Finds ONNX Runtime: the system's where there is one, else what scripts/setup put into build/deps.
# Defines the imported target OnnxRuntime::headers and THUNDERLINE_ONNXRUNTIME_LIBRARY (the shared
# library's path, which the program opens at run time, so that nothing else needs it).

set(deps ${CMAKE_SOURCE_DIR}/build/deps)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(ort_arch arm64)
else()
  set(ort_arch x64)
endif()

find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_c_api.h
          PATH_SUFFIXES onnxruntime onnxruntime/core/session)
find_library(ONNXRUNTIME_LIBRARY NAMES onnxruntime libonnxruntime.so.1)
if(NOT ONNXRUNTIME_INCLUDE_DIR OR NOT ONNXRUNTIME_LIBRARY)
  unset(ONNXRUNTIME_INCLUDE_DIR CACHE)
  unset(ONNXRUNTIME_LIBRARY CACHE)
  find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_c_api.h NO_DEFAULT_PATH
            PATHS ${deps}/onnxruntime-headers/usr/include/onnxruntime
                  ${deps}/onnxruntime-headers/usr/include/onnxruntime/core/session)
  find_file(ONNXRUNTIME_LIBRARY libonnxruntime.so.1 NO_DEFAULT_PATH
            PATHS ${deps}/npm/node_modules/onnxruntime-node/bin/napi-v6/linux/${ort_arch})
endif()
if(NOT ONNXRUNTIME_INCLUDE_DIR OR NOT ONNXRUNTIME_LIBRARY)
  message(FATAL_ERROR "ONNX Runtime was not found. Run scripts/setup, then configure again.")
endif()

file(STRINGS ${ONNXRUNTIME_INCLUDE_DIR}/onnxruntime_c_api.h ort_version_line
     REGEX "^#define ORT_API_VERSION ")
string(REGEX REPLACE ".*ORT_API_VERSION ([0-9]+).*" "\\1" ort_api_version "${ort_version_line}")
if(ort_api_version LESS 21)
  message(FATAL_ERROR "ONNX Runtime's headers in ${ONNXRUNTIME_INCLUDE_DIR} speak API version "
                      "${ort_api_version}; 21 or newer is needed. Run scripts/setup.")
endif()

add_library(OnnxRuntime::headers INTERFACE IMPORTED)
target_include_directories(OnnxRuntime::headers SYSTEM INTERFACE ${ONNXRUNTIME_INCLUDE_DIR})
set(THUNDERLINE_ONNXRUNTIME_LIBRARY ${ONNXRUNTIME_LIBRARY})
message(STATUS "ONNX Runtime: ${ONNXRUNTIME_LIBRARY} (headers: API ${ort_api_version})")

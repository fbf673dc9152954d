# What `cmake --install` writes beside the programs. Configuration and units refer to /etc/plateaud whatever the prefix is.
file(GLOB units ${PROJECT_SOURCE_DIR}/systemd/*.service)
foreach(unit ${units})
  get_filename_component(name ${unit} NAME)
  file(READ ${unit} text)
  string(REPLACE "=/usr/bin/plateau" "=${CMAKE_INSTALL_FULL_BINDIR}/plateau" text "${text}")
  file(CONFIGURE OUTPUT systemd/${name} CONTENT "${text}" @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/systemd/${name} DESTINATION lib/systemd/system)
endforeach()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/conf/notify.d DESTINATION /etc/plateaud USE_SOURCE_PERMISSIONS)
if(EXISTS ${PROJECT_SOURCE_DIR}/conf/formats.d)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/conf/formats.d DESTINATION ${CMAKE_INSTALL_DATADIR}/plateaud)
endif()
file(GLOB samples ${PROJECT_SOURCE_DIR}/conf/*.conf)
install(FILES ${samples} DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

foreach(section 1 5 7 8)
  file(GLOB pages ${PROJECT_SOURCE_DIR}/conf/*.${section} ${PROJECT_SOURCE_DIR}/systemd/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

# Completion for shells, printed by the program itself, so that it knows what the program knows.
set(completions)
foreach(shell bash zsh fish)
  set(script ${CMAKE_CURRENT_BINARY_DIR}/completion/plateauctl.${shell})
  add_custom_command(OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/completion
    COMMAND plateauctl completion ${shell} > ${script}
    DEPENDS plateauctl VERBATIM)
  list(APPEND completions ${script})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/plateauctl.bash RENAME plateauctl
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/plateauctl.zsh RENAME _plateauctl
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/plateauctl.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

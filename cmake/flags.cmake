# Compiler flags shared by every target, through one interface library.
add_library(pulse_flags INTERFACE)

# Asserts stay on in every build: a supervisor with a broken invariant dies loudly, is
# restarted and adopts its VM again.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()

target_include_directories(pulse_flags INTERFACE ${PROJECT_SOURCE_DIR}/lib)
target_compile_definitions(pulse_flags INTERFACE PULSE_VERSION="${PROJECT_VERSION}")
if(APPLE)
	# _POSIX_C_SOURCE alone breaks Apple's headers (shared fact mac-cross 5.10).
	target_compile_definitions(pulse_flags INTERFACE _DARWIN_C_SOURCE)
else()
	target_compile_definitions(pulse_flags INTERFACE _GNU_SOURCE)
endif()
target_compile_options(pulse_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
	-Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wvla -fstack-protector-strong)
if(PULSE_WERROR)
	target_compile_options(pulse_flags INTERFACE -Werror)
endif()
if(PULSE_SANITIZE)
	target_compile_options(pulse_flags INTERFACE -fsanitize=address,undefined
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(pulse_flags INTERFACE -fsanitize=address,undefined)
endif()
if(PULSE_COVERAGE)
	target_compile_options(pulse_flags INTERFACE --coverage -O0)
	target_link_options(pulse_flags INTERFACE --coverage)
endif()
if(NOT PULSE_SANITIZE AND NOT PULSE_COVERAGE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
	target_compile_options(pulse_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
if(NOT APPLE)
	target_link_options(pulse_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
endif()

// Leak checks of the tests: ONNX Runtime's shared library keeps a few bytes of its own for good
// (14 at its start, now and then 152 when a session is made while others run).

extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libonnxruntime.so\n"; }

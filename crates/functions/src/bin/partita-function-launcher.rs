//! The launcher as a program of its own, for hosts that have no hidden command for it.

fn main() -> std::process::ExitCode {
    partita_functions::launcher::main()
}

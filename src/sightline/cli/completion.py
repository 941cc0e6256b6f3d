"""`sightline completion`: the script that a shell needs to complete our commands."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(sightline completion bash)"      in ~/.bashrc
    zsh:   eval "$(sightline completion zsh)"       in ~/.zshrc
    fish:  sightline completion fish > ~/.config/fish/completions/sightline.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell!r}")
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "sightline", "_SIGHTLINE_COMPLETE").source())

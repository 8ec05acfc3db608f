# Checked by 'nix-instantiate --eval --strict'. An input of it gives nixosModules.default.
{
  description = "CA certificates of Demo Corporation";

  outputs = { self }: {
    nixosModules.default = import ./module.nix;
  };
}

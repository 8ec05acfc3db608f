# Checked by 'nix-instantiate --eval --strict'; no NixOS has been built with it here.
# NixOS puts these roots beside those of the distribution's cacert, in the file that programs read.
{
  security.pki.certificateFiles = [ ./roots.pem ];
}

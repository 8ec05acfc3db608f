# frozen_string_literal: true

# All that this gem does in a Ruby that nobody has tried it in: it says so, loads no TLS library, and changes nothing.

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })

class << ca
  # The path of the CA bundle, in PEM.
  def path
    File.join(__dir__, 'roots.pem')
  end

  # The CA bundle, in PEM.
  def pem
    File.read(path, encoding: Encoding::US_ASCII)
  end

  # Say that the certificates are not trusted; return false.
  def activate!
    warn "#{name}: not activated, because nobody has tried it in #{RUBY_ENGINE}: name #{path} to your clients"
    false
  end

  # Whether this process's clients have been made to trust the certificates.
  def active?
    false
  end

  # Run the command, which has nothing else to say here, and return its exit status.
  def run(arguments)
    return activate! ? 0 : 1 unless arguments == %w[path]

    puts path
    0
  end
end

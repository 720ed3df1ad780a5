import { Head, Html, Main, NextScript } from 'next/document'

// <html lang> follows the language of the page by itself.
export default function Document() {
  return (
    <Html>
      <Head>
        <link rel="icon" href="/shop/icon.svg" type="image/svg+xml" />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#e6eeeb" />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0a1a23" />
      </Head>
      <body data-zone="shop">
        <Main />
        <NextScript />
      </body>
    </Html>
  )
}
